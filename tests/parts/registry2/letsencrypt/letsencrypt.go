// Package letsencrypt stands in for the ACME client that Distribution 2.8 imports: its module is not published any
// more, and no test asks a registry to fetch its own certificate. A registry that is told to do so says so and ends.
package letsencrypt

import (
	"crypto/tls"
	"errors"
)

var errAbsent = errors.New("this registry is built without an ACME client: set http.tls.certificate and http.tls.key")

// Manager has the methods that the registry calls.
type Manager struct{}

// CacheFile is what the registry calls first; its error ends the start.
func (*Manager) CacheFile(string) error { return errAbsent }

// Registered is false: there is no account.
func (*Manager) Registered() bool { return false }

// Register always fails.
func (*Manager) Register(string, func(string) bool) error { return errAbsent }

// SetHosts has nothing to set.
func (*Manager) SetHosts([]string) {}

// GetCertificate always fails.
func (*Manager) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, errAbsent }
