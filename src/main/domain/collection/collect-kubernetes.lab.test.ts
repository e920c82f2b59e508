import { X509Certificate } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runCollector, SOME_SHELLS } from "#testing/lab/run-in-host.ts";
import { type LabHost, startHost } from "#testing/lab/start-host.ts";
import type { Collection } from "./collection.ts";
import { readCollection } from "./read-collection.ts";

/** A node as kubeadm sets it up, a k3s beside it, and a person with kubeconfigs. */
const PREPARE = `
rm -rf /etc/ssl/certs/* /etc/nginx /etc/apache2 /etc/kubernetes
make() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout $1.key -out $1.crt 2>/dev/null
}
mkdir -p /tmp/made /etc/kubernetes/pki /var/lib/kubelet/pki /etc/rancher/k3s /var/lib/rancher/k3s/server/manifests
mkdir -p /var/lib/rancher/k3s/agent
cd /tmp/made
for name in ca admin kubelet joe shop web agent; do make $name; done
data() { base64 -w0 "$@"; }
cat > /etc/kubernetes/admin.conf <<END
apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: $(data ca.crt)
    server: https://10.0.0.1:6443
  name: kubernetes
kind: Config
users:
- name: kubernetes-admin
  user:
    client-certificate-data: $(data admin.crt)
    client-key-data: $(data admin.key)
END
cat kubelet.crt kubelet.key > /var/lib/kubelet/pki/kubelet-client-1.pem
ln -s kubelet-client-1.pem /var/lib/kubelet/pki/kubelet-client-current.pem
cat > /etc/kubernetes/kubelet.conf <<END
users:
- name: node
  user: {client-certificate: /var/lib/kubelet/pki/kubelet-client-current.pem, client-key: "/var/lib/kubelet/pki/kubelet-client-current.pem"}
END
cp agent.crt agent.key /var/lib/rancher/k3s/agent/
printf 'users:\\n- user:\\n    client-certificate: agent.crt\\n    client-key: agent.key\\n' > /var/lib/rancher/k3s/agent/kubelet.kubeconfig
cat > /var/lib/rancher/k3s/server/manifests/shop.yaml <<END
apiVersion: v1
kind: Secret
type: kubernetes.io/tls
metadata: {name: shop-tls}
data:
  tls.crt: "$(data shop.crt)"
  tls.key: >-
$(base64 shop.key | sed 's/^/    /')
  password: $(echo -n canary-of-a-password | base64)
---
apiVersion: v1
kind: Secret
stringData:
  web.pem: |
$(sed 's/^/    /' web.crt)
$(sed 's/^/    /' web.key)
END
useradd --create-home joe
mkdir /home/joe/.kube
printf '{"kind":"Config","users":[{"name":"joe","user":{"client-certificate-data":"%s","client-key-data":"%s","token":"canary-of-a-token"}}]}' \\
  "$(data joe.crt)" "$(data joe.key)" > /home/joe/.kube/config
printf 'users:\\n- user: {client-certificate-data: "%s"}\\n' "$(echo nothing of the kind | base64)" > /home/joe/.kube/odd.yaml
chown -R joe: /home/joe/.kube; chmod 600 /home/joe/.kube/config; chmod 711 /home/joe
chmod 600 /etc/kubernetes/*.conf
`;

let host: LabHost;
let stream: Buffer;
let told: Collection;
beforeAll(async () => {
  host = await startHost({ name: "kubernetes", prepare: PREPARE });
  stream = await runCollector(host, { args: ["--nonce", "n"] });
  told = read(stream);
}, 60_000);
afterAll(() => host[Symbol.asyncDispose]());

function read(bytes: Buffer): Collection {
  const collection = readCollection(bytes, { nonce: "n" });
  if (!collection) throw new Error("nothing was collected");
  return collection;
}

test("what kubeconfigs and Secrets hold and name is found, where clusters and people keep them", async () => {
  const held = told.certificateFiles.map(({ path, ders, malformed }) => [
    path,
    ...ders.map((der) => new X509Certificate(der).subject.replace("CN=", "")),
    ...malformed,
  ]);
  expect(held.toSorted()).toEqual([
    ["/etc/kubernetes/admin.conf", "ca", "admin"],
    ["/home/joe/.kube/config", "joe"],
    ["/var/lib/kubelet/pki/kubelet-client-1.pem", "kubelet"],
    ["/var/lib/kubelet/pki/kubelet-client-current.pem", "kubelet"],
    ["/var/lib/rancher/k3s/agent/agent.crt", "agent"],
    ["/var/lib/rancher/k3s/server/manifests/shop.yaml", "shop", "web"],
  ]);
});

test("of their private keys the public half is told, and no more than the first of a file", async () => {
  const keys = told.keyFiles.filter(({ path }) => !path.startsWith("/etc/ssh"));
  const facts = keys.map(({ path, entry, spki }) => [
    path,
    entry.mode.toString(8),
    spki && Buffer.from(spki).toString("base64"),
  ]);
  const half = (name: string) =>
    host.run(`openssl pkey -in /tmp/made/${name}.key -pubout -outform DER | base64 -w0`);
  expect(facts.toSorted()).toEqual([
    ["/etc/kubernetes/admin.conf", "600", await half("admin")],
    ["/home/joe/.kube/config", "600", await half("joe")],
    ["/var/lib/kubelet/pki/kubelet-client-1.pem", "644", await half("kubelet")],
    ["/var/lib/kubelet/pki/kubelet-client-current.pem", "644", await half("kubelet")],
    ["/var/lib/rancher/k3s/agent/agent.key", "600", await half("agent")],
    ["/var/lib/rancher/k3s/server/manifests/shop.yaml", "644", await half("shop")],
  ]);
  expect(told.unreadable).toContainEqual({
    kind: "key-file",
    path: "/var/lib/rancher/k3s/server/manifests/shop.yaml",
    why: "it holds further private keys, of which only the first is listed",
  });
});

test("nothing else of them leaves the host", () => {
  const text = stream.toString("latin1");
  const runs = [...text.replaceAll("\n", "").matchAll(/[A-Za-z0-9+/]{16,}/g)].map(([run]) => run);
  const decoded = runs.flatMap((run) => [0, 1, 2, 3].map((at) => Buffer.from(run.slice(at), "base64")));
  const hay = [text, ...decoded.map((bytes) => bytes.toString("latin1"))].join("\n");
  expect(
    ["canary-of-a", "PRIVATE KEY", "client-key", "10.0.0.1:6443"].filter((words) => hay.includes(words)),
  ).toEqual([]);
});

test("every shell tells the same of Kubernetes", async () => {
  const steady = ({ certificateFiles, keyFiles, unreadable }: Collection) => ({
    certificateFiles,
    keyFiles,
    unreadable,
  });
  for (const shell of SOME_SHELLS) {
    const again = read(await runCollector(host, { shell, args: ["--nonce", "n"] }));
    expect({ shell, told: steady(again) }).toEqual({ shell, told: steady(told) });
  }
});
