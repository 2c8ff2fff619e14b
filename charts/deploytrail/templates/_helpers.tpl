{{- define "deploytrail.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "deploytrail.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains (include "deploytrail.name" .) .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "deploytrail.name" .) | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "deploytrail.selectorLabels" -}}
app.kubernetes.io/name: {{ include "deploytrail.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "deploytrail.ownLabels" -}}
{{ include "deploytrail.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "deploytrail.labels" -}}
{{- merge (include "deploytrail.ownLabels" . | fromYaml) .Values.commonLabels | toYaml }}
{{- end }}

{{- define "deploytrail.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "deploytrail.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "deploytrail.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{- define "deploytrail.pairs" -}}
{{- $pairs := list }}
{{- range $name, $value := . }}
{{- $pairs = append $pairs (printf "%s=%s" $name $value) }}
{{- end }}
{{- join "," $pairs }}
{{- end }}

{{- define "deploytrail.keepsAll" -}}
{{- and (regexMatch "^0+(\\.0+)?(ms|s|m|h|d)$" .Values.retention.age) (eq (toString .Values.retention.count) "0") }}
{{- end }}

{{- define "deploytrail.pods" -}}
{{- if .Values.autoscaling.enabled }}{{ .Values.autoscaling.minReplicas }}{{ else }}{{ .Values.replicas }}{{ end }}
{{- end }}

{{- define "deploytrail.watchingRules" -}}
{{- if has "argocd" .Values.sources }}
- apiGroups: [argoproj.io]
  resources: [applications]
  verbs: [get, list, watch]
{{- end }}
{{- if or (eq .Values.store.type "kubernetes") (has "resources" .Values.sources) }}
- apiGroups: [deploytrail.dev]
  resources: [deploymentevents, buildevents]
  verbs: [get, list, watch]
{{- end }}
{{- if has "resources" .Values.sources }}
- apiGroups: [deploytrail.dev]
  resources: [deploymentevents/status, buildevents/status]
  verbs: [patch]
{{- end }}
{{- end }}
