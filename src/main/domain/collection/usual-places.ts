/** Where clusters and people keep what Kubernetes reads: nobody types a passphrase there, and no server's configuration names it. */
export const isOfKubernetes = (path: string): boolean =>
  /^\/(etc\/(kubernetes|rancher)|var\/lib\/(kubelet|rancher))\/|\/\.kube\/[^/]*$/.test(path);

/** Where certbot keeps what it has replaced beside what is in use, which is linked to from elsewhere. */
export const isArchived = (path: string): boolean => path.startsWith("/etc/letsencrypt/archive/");
