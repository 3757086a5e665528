{{- define "regsweep.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "regsweep.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains (include "regsweep.name" .) .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "regsweep.name" .) | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "regsweep.selectorLabels" -}}
app.kubernetes.io/name: {{ include "regsweep.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "regsweep.labels" -}}
{{ include "regsweep.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "regsweep.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "regsweep.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- required "serviceAccount.name: name the ServiceAccount, or set serviceAccount.create" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "regsweep.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{- /* Names of things of the whole cluster: two releases in two namespaces do not share them. */}}
{{- define "regsweep.clusterName" -}}
{{- $fullname := include "regsweep.fullname" . }}
{{- if eq $fullname .Release.Namespace }}{{ $fullname }}{{ else }}{{ printf "%s-%s" .Release.Namespace $fullname | trunc 200 }}{{ end }}
{{- end }}

{{- define "regsweep.subject" -}}
- kind: ServiceAccount
  name: {{ include "regsweep.serviceAccountName" . }}
  namespace: {{ .Release.Namespace }}
{{- end }}

{{- define "regsweep.uninstallHook" -}}
helm.sh/hook: pre-delete
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded,hook-failed
{{- end }}

{{- /* The template of a pod that makes registries writable again: root, and the first of its args. */}}
{{- define "regsweep.lifterPod" -}}
metadata:
  labels:
    app.kubernetes.io/name: {{ include "regsweep.name" .root }}-{{ first .args }}
    app.kubernetes.io/instance: {{ .root.Release.Name }}
spec:
  restartPolicy: Never
  serviceAccountName: {{ include "regsweep.serviceAccountName" .root }}
  automountServiceAccountToken: true
  enableServiceLinks: false
  {{- with .root.Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .root.Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  securityContext:
    {{- toYaml .root.Values.podSecurityContext | nindent 4 }}
  containers:
  - name: regsweep
    image: {{ include "regsweep.image" .root | quote }}
    imagePullPolicy: {{ .root.Values.image.pullPolicy }}
    args:
    {{- range .args }}
    - {{ . }}
    {{- end }}
    {{- range .root.Values.registryNamespaces }}
    - --namespace={{ . }}
    {{- end }}
    {{- with .root.Values.extraEnv }}
    env:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    resources:
      requests: {cpu: 50m, memory: 128Mi}
      limits: {memory: 512Mi}
    securityContext:
      {{- toYaml .root.Values.securityContext | nindent 6 }}
    volumeMounts:
    - name: tmp
      mountPath: /tmp
  volumes:
  - name: tmp
    emptyDir:
      sizeLimit: 64Mi
  {{- with .root.Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .root.Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{- /* To list what names images; in the scope of a namespace, nothing of the whole cluster. */}}
{{- define "regsweep.inUseRules" -}}
{{- $inUse := .Values.inUse -}}
{{- if and $inUse.nodeImages (ne $inUse.scope "Cluster") }}
{{- fail "inUse.nodeImages needs inUse.scope Cluster: a node runs pods of all namespaces" }}
{{- end -}}
- apiGroups: [""]
  resources: [pods, podtemplates, replicationcontrollers]
  verbs: [list]
- apiGroups: [apps]
  resources: [controllerrevisions, daemonsets, deployments, replicasets, statefulsets]
  verbs: [list]
- apiGroups: [batch]
  resources: [cronjobs, jobs]
  verbs: [list]
{{- if $inUse.helmReleases }}
- apiGroups: [""]
  resources: [secrets]
  verbs: [list]  # of Helm's alone cannot be said: a right to list Secrets is one to read all of them
{{- end }}
{{- if $inUse.nodeImages }}
- apiGroups: [""]
  resources: [nodes]
  verbs: [list]
{{- end }}
{{- $presets := include "regsweep.presets" . | fromYaml }}
{{- range $inUse.presets }}
{{- $preset := get $presets . }}
- apiGroups: [{{ $preset.group }}]
  resources: [{{ concat $preset.resources (eq $inUse.scope "Cluster" | ternary (default list $preset.clusterResources) list) | join ", " }}]
  verbs: [list]
{{- end }}
{{- range $inUse.customResources }}
- apiGroups: [{{ .apiGroup | quote }}]
  resources: [{{ .resource | quote }}]
  verbs: [list]
{{- end }}
{{- end }}

{{- /* The kinds behind each of `protect.inUse.presets`. */}}
{{- define "regsweep.presets" -}}
ArgoRollouts:
  group: argoproj.io
  resources: [analysisruns, analysistemplates, experiments, rollouts]
  clusterResources: [clusteranalysistemplates]
ArgoWorkflows:
  group: argoproj.io
  resources: [cronworkflows, workflows, workflowtemplates]
  clusterResources: [clusterworkflowtemplates]
FluxImagePolicies:
  group: image.toolkit.fluxcd.io
  resources: [imagepolicies]
Knative:
  group: serving.knative.dev
  resources: [configurations, revisions, services]
Tekton:
  group: tekton.dev
  resources: [pipelineruns, pipelines, stepactions, taskruns, tasks]
  clusterResources: [clustertasks]
{{- end }}
