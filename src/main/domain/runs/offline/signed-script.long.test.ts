import { describe, expect, test } from "vitest";
import { AFTER, BEFORE, makeScript } from "#domain/runs/testdata/make-script.ts";
import { checkSignature } from "#domain/signatures/ssh-signature.ts";
import { SOME_SHELLS } from "#testing/lab/run-in-host.ts";
import { canStartHosts, type LabHost } from "#testing/lab/start-host.ts";
import { carry, carryTo, PATH, readThere } from "#testing/runs/offline-hosts.ts";

/** Creates two keys there, and signs the script with the first; returns their fingerprints. */
async function sign(host: LabHost): Promise<[string, string]> {
  await host.run(`cd /root/carried && for key in mine other; do ssh-keygen -q -t ed25519 -N '' -C $key -f ./$key; done
    ssh-keygen -q -Y sign -n latchkey-script -f mine script.sh
    { printf 'desk@corp '; cat mine.pub; } >signers; { printf 'desk@corp '; cat other.pub; } >others`);
  const said = await host.run("cd /root/carried && for key in mine other; do ssh-keygen -lf $key.pub; done");
  const [mine = "", other = ""] = said.match(/SHA256:\S+/g) ?? [];
  return [mine, other];
}

describe.runIf(canStartHosts())("a script that was signed", () => {
  test.each(SOME_SHELLS)(
    "is run by %s for whoever has signed it, named by fingerprint, by key or in a list, and for nobody else",
    async (shell) => {
      await using prepared = await carryTo(BEFORE, makeScript(BEFORE));
      const { host } = prepared;
      const [mine, other] = await sign(host);
      for (const signer of [mine, "mine.pub", "signers"]) {
        const said = await carry(host, shell, "", `--check --signer ${signer}`);
        expect(said).toContain(`signed by ${signer}`);
        expect(said).toContain("nothing is in the way");
      }
      for (const signer of [other, "other.pub", "others", "/dev/null", "none.pub"]) {
        const said = await carry(host, shell, "yes\\nyes\\n", `--signer ${signer}`);
        expect(said).toContain("nothing was done");
        expect(said).toContain("code 2");
      }
      expect((await readThere(host, PATH)).toString()).toBe(BEFORE);
      expect(await host.run("ls -A /home/ann/.ssh; ls /root/carried | grep -c result || true")).toBe(
        "authorized_keys\n0\n",
      );
    },
  );

  test("is refused once a byte of it was altered, by itself and by the command in its head", async () => {
    await using prepared = await carryTo(BEFORE, makeScript(BEFORE));
    const { host, script } = prepared;
    const [mine] = await sign(host);
    const [, command = ""] = /^#\s+(ssh-keygen -Y check-novalidate .*)$/m.exec(script) ?? [];
    const verify = `cd /root/carried; ${command.replaceAll("THIS-FILE", "script.sh")} 2>&1 || echo refused`;
    expect(await host.run(verify)).toContain(`key ${mine}`);
    await host.run("cd /root/carried && sed -i 's/^offline_seconds=.*/offline_seconds=1/' script.sh");
    expect(await host.run(verify)).toContain("refused");
    expect(await carry(host, "sh", "yes\\nyes\\n", `--signer ${mine}`)).toContain("is no signature of it by");
    await host.run("rm /root/carried/script.sh.sig");
    expect(await carry(host, "sh", "yes\\nyes\\n", `--signer ${mine}`)).toContain("there is no");
    expect(await carry(host, "sh", "", "--check")).toContain("this script is not signed");
    expect((await readThere(host, PATH)).toString()).toBe(BEFORE);
  });
});

describe.runIf(canStartHosts())("the result of a script", () => {
  test("is signed there with the key that it is given, as a bundle is signed", async () => {
    await using prepared = await carryTo(BEFORE, makeScript(BEFORE));
    const { host } = prepared;
    await sign(host);
    const said = await carry(host, "sh", "yes\\nyes\\n", "--signer mine.pub --sign other");
    expect(said).toContain("code 0");
    expect((await readThere(host, PATH)).toString()).toBe(AFTER);
    const name = (await host.run("cd /root/carried && ls latchkey-result-*.txt")).trim();
    expect(said).toContain(`copy /root/carried/${name} and /root/carried/${name}.sig back`);
    const result = await readThere(host, `/root/carried/${name}`);
    const signature = (await readThere(host, `/root/carried/${name}.sig`)).toString();
    const other = await host.run("ssh-keygen -lf /root/carried/other.pub");
    const checked = checkSignature(signature, result);
    expect(checked.kind).toBe("good");
    expect(other).toContain(checked.kind === "good" ? checked.key.fingerprint : "none");
    expect(checkSignature(signature, result.subarray(1)).kind).toBe("bad");
  });
});
