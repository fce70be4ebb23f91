# Certificates of the control plane: one authority, a certificate a component. Sourced by up.sh.

# certificate NAME SUBJECT [SUBJECT_ALTERNATIVE_NAMES]
certificate() {
  local file=$CERTS/$1
  [ -f "$file.crt" ] && return
  openssl req -newkey rsa:2048 -nodes -keyout "$file.key" -out "$file.csr" -subj "$2" 2>/dev/null
  openssl x509 -req -in "$file.csr" -CA "$CERTS/ca.crt" -CAkey "$CERTS/ca.key" -CAcreateserial -days 30 \
    -out "$file.crt" -extfile <(printf 'keyUsage=digitalSignature,keyEncipherment\nextendedKeyUsage=serverAuth,clientAuth\n%s' \
      "${3:+subjectAltName=$3}") 2>/dev/null
}

make_certificates() {
  mkdir -p "$CERTS"
  if [ ! -f "$CERTS/ca.crt" ]; then
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$CERTS/ca.key" -out "$CERTS/ca.crt" -days 30 \
      -subj /CN=kfp-ts-cluster 2>/dev/null
    openssl genrsa -out "$CERTS/service-account.key" 2048 2>/dev/null
  fi
  certificate apiserver /CN=kube-apiserver \
    "DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:localhost,IP:127.0.0.1,IP:$BRIDGE_ADDRESS,IP:$API_SERVICE_ADDRESS"
  certificate admin /O=system:masters/CN=admin
  certificate controller-manager /CN=system:kube-controller-manager
  certificate scheduler /CN=system:kube-scheduler
  node_certificate
}

node_certificate() {
  certificate "kubelet$NODE_SUFFIX" "/O=system:nodes/CN=system:node:$NODE_NAME" "DNS:$NODE_NAME,IP:$NODE_ADDRESS"
}

# write_kubeconfig FILE CERTIFICATE_NAME: one user, everything inline.
write_kubeconfig() {
  cat >"$1" <<YAML
apiVersion: v1
kind: Config
current-context: kfp-ts
contexts: [{name: kfp-ts, context: {cluster: kfp-ts, user: $2, namespace: default}}]
clusters: [{name: kfp-ts, cluster: {server: "https://$API_HOST:$API_PORT", certificate-authority-data: $(base64 -w0 "$CERTS/ca.crt")}}]
users: [{name: $2, user: {client-certificate-data: $(base64 -w0 "$CERTS/$2.crt"), client-key-data: $(base64 -w0 "$CERTS/$2.key")}}]
YAML
  chmod 600 "$1"
}
