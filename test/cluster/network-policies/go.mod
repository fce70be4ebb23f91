module kfp-ts.dev/cluster/network-policies

go 1.24.0

require (
	github.com/cloudnativelabs/kube-router/v2 v2.1.0
	k8s.io/client-go v0.34.4
)
