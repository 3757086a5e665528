// The registry of the 2.8 line with the storage drivers that tests use: a file system and memory.
//
// Upstream's own main package also imports the drivers of five clouds, whose old client libraries no longer build
// as modules. Everything else is upstream's code, and its behaviour too: a wrong flag prints the usage and exits 0.
package main

import (
	_ "net/http/pprof"

	"github.com/docker/distribution/registry"
	_ "github.com/docker/distribution/registry/auth/htpasswd"
	_ "github.com/docker/distribution/registry/auth/silly"
	_ "github.com/docker/distribution/registry/auth/token"
	_ "github.com/docker/distribution/registry/proxy"
	_ "github.com/docker/distribution/registry/storage/driver/filesystem"
	_ "github.com/docker/distribution/registry/storage/driver/inmemory"
	_ "github.com/docker/distribution/registry/storage/driver/middleware/redirect"
)

func main() {
	_ = registry.RootCmd.Execute()
}
