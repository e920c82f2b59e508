import { expect, test } from "vitest";
import { readCollection } from "#domain/collection/read-collection.ts";
import { runCollector } from "#testing/lab/run-in-host.ts";
import { startHost } from "#testing/lab/start-host.ts";
import { evaluateReach } from "./reach.ts";

const ACCOUNTS = ["free", "asked", "member", "denied", "some", "asapp", "nobodyelse"];

const PREPARE = `
rm -rf /etc/ssl/certs/* /etc/nginx /etc/apache2
groupadd crew; useradd -M app
for name in ${ACCOUNTS.join(" ")}; do useradd -M --shell /bin/sh $name; done
usermod -a -G crew member; usermod -a -G crew denied
cat > /etc/doas.conf <<'END'
# who becomes whom
permit nopass keepenv free
permit persist setenv { PATH="/usr/bin" -ENV } asked as root
permit nopass :crew
deny denied
permit nopass some cmd /usr/bin/true
permit nopass asapp as app
END
chmod 644 /etc/doas.conf
`;

test("who becomes root by doas is what doas itself says", async () => {
  await using host = await startHost({ name: "doas", prepare: PREPARE });
  const collection = readCollection(await runCollector(host), { nonce: null });
  if (!collection) throw new Error("the collector wrote nothing");
  const { escalations } = evaluateReach(collection).reach;
  const output = await host.run(`
    for name in ${ACCOUNTS.join(" ")}; do
      said=$(setpriv --reuid $name --regid $name --init-groups doas -C /etc/doas.conf /usr/bin/printenv || true)
      echo "$name $said"
    done`);
  const said = output
    .trim()
    .split("\n")
    .map((line) => line.replace("permit nopass", "none").replace("permit", "own").replace("deny", "no"));
  const told = ACCOUNTS.map((account) => {
    const found = escalations.find(
      (one) => one.account === account && one.target === "root" && one.by === "doas",
    );
    return `${account} ${found?.commands === "any" ? found.password : "no"}`;
  });
  expect(told).toEqual(said);
  const ofSome = escalations.filter(
    ({ account, by }) => by === "doas" && ["some", "asapp"].includes(account),
  );
  expect(ofSome.map(({ account, target, commands, what }) => [account, target, commands, what])).toEqual([
    ["some", "root", "some", ["/usr/bin/true"]],
    ["some", "app", "some", ["/usr/bin/true"]],
    ["asapp", "app", "any", []],
  ]);
});
