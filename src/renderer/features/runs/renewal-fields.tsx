import { Button, Checkbox, NativeSelect, TextInput } from "@mantine/core";
import { IconCertificate, IconPlus } from "@tabler/icons-react";
import { useEffect } from "react";
import type { RequestDraft } from "#renderer/api/scan-button.tsx";
import { Fingerprint } from "#renderer/ui/fingerprint.tsx";
import { Notice } from "#renderer/ui/panel.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { ChallengeMethod, type Issuer } from "#shared/model/issuers/issuer.ts";
import { KeyKind } from "#shared/model/issuers/vault.ts";
import { formatCount } from "#shared/text/count.ts";
import { useCertificate, useIssuers } from "./queries.ts";
import classes from "./runs.module.css";
import { KEY_KINDS } from "./words.ts";

type RenewalDraft = Extract<RequestDraft, { kind: "rotate-certificate" }>;

/** Values of a select that are no issuer's name. */
const UNSAID = "";
const KNOWN = "*";
const OLD = "";

/** Who signs, with what kind of key, and how names are shown to be the user's. */
export function RenewalFields({
  request,
  onChange,
}: {
  request: RenewalDraft;
  onChange: (request: RenewalDraft) => void;
}) {
  const { data: issuers } = useIssuers();
  const { issuer } = request;
  useEffect(() => {
    const chosen = issuers && choose(issuers, request);
    if (issuer === undefined && chosen !== undefined) onChange({ ...request, issuer: chosen });
  }, [issuers, issuer, request, onChange]);
  return (
    <>
      <NativeSelect
        size="xs"
        label="Issuer"
        value={issuer === undefined ? UNSAID : (issuer ?? KNOWN)}
        data={toChoices(issuers ?? [], request)}
        onChange={({ currentTarget: { value } }) =>
          onChange({ ...request, issuer: value === KNOWN ? null : value })
        }
        data-autofocus
      />
      <NativeSelect
        size="xs"
        label="Kind of the new key"
        value={request.keyKind ?? OLD}
        data={[
          { value: OLD, label: "as the old one" },
          ...KeyKind.options.map((value) => ({ value, label: KEY_KINDS[value] })),
        ]}
        onChange={({ currentTarget: { value } }) =>
          onChange({ ...request, keyKind: KeyKind.safeParse(value).data ?? null })
        }
      />
      <Checkbox
        size="xs"
        label="Make the key on this computer"
        description="In the vault, and send it; otherwise it never leaves its host"
        checked={request.makesKeyHere ?? false}
        onChange={(event) => onChange({ ...request, makesKeyHere: event.currentTarget.checked })}
      />
      {mayBeAcme(issuers ?? [], issuer) && (
        <ChallengeField
          method={request.challenge ?? null}
          onChange={(challenge) => onChange({ ...request, challenge })}
        />
      )}
    </>
  );
}

/**
 * The issuer, where there is one alone. Null: a rule takes the known issuer of each certificate. Undefined: the user
 * has to choose.
 */
function choose(issuers: readonly Issuer[], request: RenewalDraft): string | null | undefined {
  const [first, ...others] = issuers;
  if (first && others.length === 0 && !request.isDue) return first.name;
  return request.isDue ? null : undefined;
}

function toChoices(issuers: readonly Issuer[], { issuer }: RenewalDraft) {
  const names = issuers.map(({ name }) => name);
  // An issuer that a command line named by its kind, or that was removed.
  const odd = issuer && !names.includes(issuer) ? [issuer] : [];
  return [
    ...(issuer === undefined ? [{ value: UNSAID, label: "Choose one", disabled: true }] : []),
    ...[...names, ...odd].map((name) => ({ value: name, label: name })),
    { value: KNOWN, label: "whom a label names, or who renewed it before" },
  ];
}

const mayBeAcme = (issuers: readonly Issuer[], issuer: string | null | undefined): boolean =>
  issuer?.startsWith("acme") === true ||
  issuers.some(({ kind, name }) => kind === "acme" && (issuer === null || name === issuer));

/** What is renewed. */
export function RenewalAbout({ request }: { request: RenewalDraft }) {
  const { certificates = [], isDue } = request;
  const [first] = certificates;
  if (isDue)
    return (
      <p>
        All that are past two thirds of their life, each by whoever is known to renew it. What cannot be
        renewed is listed in the plan, with why.
      </p>
    );
  if (first && certificates.length === 1) return <OneCertificate sha256={first} />;
  return <p className={classes.dim}>{formatCount(certificates.length, "certificate")}.</p>;
}

/** By its name, as people know it. */
function OneCertificate({ sha256 }: { sha256: string }) {
  const { data } = useCertificate(sha256);
  return (
    <p>
      {data && <Untrusted text={data.subject || data.names[0] || ""} limit={300} />}{" "}
      <span className={classes.dim}>
        <Fingerprint value={sha256} />
      </span>
    </p>
  );
}

/** What is missing before certificates can be planned; null where nothing is. */
export function formatRenewalMissing({ issuer, challenge = null }: RenewalDraft): string | null {
  if (issuer === undefined) return "the issuer";
  return challenge === null || ChallengeMethod.safeParse(challenge).success ? null : "where challenges go";
}

/** The methods that can be chosen for one plan; a zone's key is kept with its issuer, in Settings. */
const METHODS = {
  known: "as the issuer has it, or as the host allows",
  site: "a file below the web server's folder",
  challenges: "a file in a folder of challenges alone",
  served: "served on the host, where port 80 is free",
  "tls-alpn": "TLS on the host, where port 443 is free",
  hook: "DNS, by a program on this computer",
  zone: "DNS, by updates of the zone",
} as const;
type MethodName = keyof typeof METHODS;

type Props = { method: ChallengeMethod | null; onChange: (method: ChallengeMethod | null) => void };

/** How an ACME directory is shown that names are the user's. */
function ChallengeField({ method, onChange }: Props) {
  const name = nameOf(method);
  return (
    <>
      <NativeSelect
        size="xs"
        label="How control of the names is verified"
        description="For an ACME directory alone"
        value={name}
        data={Object.entries(METHODS)
          .filter(([value]) => value !== "zone" || name === "zone")
          .map(([value, label]) => ({ value, label }))}
        onChange={(event) => onChange(methodOf(event.currentTarget.value as MethodName, method))}
      />
      {method?.kind === "webroot" && (
        <TextInput
          size="xs"
          label="Folder on the host"
          placeholder={method.of === "site" ? "/var/www/html" : "/var/lib/acme"}
          value={method.path}
          onChange={(event) => onChange({ ...method, path: event.currentTarget.value.trim() })}
          spellCheck={false}
        />
      )}
      {method?.kind === "dns-hook" && (
        <TextInput
          size="xs"
          label="Program on this computer"
          description="One that an issuer has, or that was named when Latchkey was started; called as lego's exec provider calls it"
          placeholder="/usr/local/bin/dns-hook"
          value={method.program}
          onChange={(event) => onChange({ ...method, program: event.currentTarget.value.trim() })}
          spellCheck={false}
        />
      )}
    </>
  );
}

function nameOf(method: ChallengeMethod | null): MethodName {
  switch (method?.kind) {
    case undefined:
      return "known";
    case "webroot":
      return method.of;
    case "served-on-host":
      return "served";
    case "tls-alpn":
      return "tls-alpn";
    case "dns-hook":
      return "hook";
    case "rfc2136":
      return "zone";
  }
}

function methodOf(name: MethodName, before: ChallengeMethod | null): ChallengeMethod | null {
  switch (name) {
    case "known":
      return null;
    case "site":
    case "challenges":
      return { kind: "webroot", of: name, path: before?.kind === "webroot" ? before.path : "" };
    case "served":
      return { kind: "served-on-host", port: 80 };
    case "tls-alpn":
      return { kind: "tls-alpn", port: 443 };
    case "hook":
      return { kind: "dns-hook", program: "" };
    case "zone":
      return before;
  }
}

/** Where nobody signs for the user yet, that is said first. */
export function NoIssuer({ onSetUp }: { onSetUp: () => void }) {
  const { data } = useIssuers();
  if (!data || data.length > 0) return null;
  return (
    <Notice tone="amber" Icon={IconCertificate} title="No issuer is set up yet">
      <p>
        Let's Encrypt, step-ca or another ACME directory, an authority of your own, or a person who signs.
      </p>
      <Button size="xs" mt={8} leftSection={<IconPlus size={15} />} onClick={onSetUp}>
        Set up an issuer
      </Button>
    </Notice>
  );
}

/** Another issuer than those that are there. */
export function AnotherIssuer({ onSetUp }: { onSetUp: () => void }) {
  const { data = [] } = useIssuers();
  if (data.length === 0) return null;
  return (
    <Button size="xs" variant="subtle" leftSection={<IconPlus size={15} />} onClick={onSetUp}>
      Set up another issuer
    </Button>
  );
}
