import { Checkbox, NativeSelect } from "@mantine/core";
import { useEffect } from "react";
import type { RequestDraft } from "#renderer/api/plan-request.ts";
import { Untrusted } from "#renderer/ui/text.tsx";
import { ChallengeWay } from "#shared/model/challenge-way.ts";
import type { Issuer } from "#shared/model/issuer.ts";
import { KeyKind } from "#shared/model/key-kind.ts";
import { formatCount } from "#shared/text/count.ts";
import { ChallengeField } from "./challenge-field.tsx";
import { useIssuers } from "./queries.ts";
import { KEY_KINDS } from "./renewal-words.ts";
import classes from "./runbooks.module.css";

type Wish = Extract<RequestDraft, { kind: "rotate-certificate" }>;

/** Values of a choice that are no name of an issuer. */
const UNSAID = "";
const KNOWN = "*";
const OLD = "";

/** Who signs, with what kind of key, and how names are shown to be the user's. */
export function RenewalFields({ wish, onChange }: { wish: Wish; onChange: (wish: Wish) => void }) {
  const { data: issuers } = useIssuers();
  const { issuer } = wish;
  useEffect(() => {
    const chosen = issuers && choose(issuers, wish);
    if (issuer === undefined && chosen !== undefined) onChange({ ...wish, issuer: chosen });
  }, [issuers, issuer, wish, onChange]);
  return (
    <>
      <NativeSelect
        size="xs"
        label="Issuer"
        value={issuer === undefined ? UNSAID : (issuer ?? KNOWN)}
        data={toChoices(issuers ?? [], wish)}
        onChange={({ currentTarget: { value } }) =>
          onChange({ ...wish, issuer: value === KNOWN ? null : value })
        }
        data-autofocus
      />
      <NativeSelect
        size="xs"
        label="Kind of the new key"
        value={wish.keyKind ?? OLD}
        data={[
          { value: OLD, label: "as the old one" },
          ...KeyKind.options.map((value) => ({ value, label: KEY_KINDS[value] })),
        ]}
        onChange={({ currentTarget: { value } }) =>
          onChange({ ...wish, keyKind: KeyKind.safeParse(value).data ?? null })
        }
      />
      <Checkbox
        size="xs"
        label="Make the key on this computer"
        description="In the vault, and send it; otherwise it never leaves its host"
        checked={wish.makesKeyHere ?? false}
        onChange={(event) => onChange({ ...wish, makesKeyHere: event.currentTarget.checked })}
      />
      {mayBeAcme(issuers ?? [], issuer) && (
        <ChallengeField
          way={wish.challenge ?? null}
          onChange={(challenge) => onChange({ ...wish, challenge })}
        />
      )}
    </>
  );
}

/** The only one there is; a rule takes who is known for each. Undefined: it has to be said. */
function choose(issuers: readonly Issuer[], wish: Wish): string | null | undefined {
  const [first, ...others] = issuers;
  if (first && others.length === 0 && !wish.isDue) return first.name;
  return wish.isDue ? null : undefined;
}

function toChoices(issuers: readonly Issuer[], { issuer }: Wish) {
  const names = issuers.map(({ name }) => name);
  // One that a command line named by its kind, or that is gone.
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
export function RenewalAbout({ wish }: { wish: Wish }) {
  const { certificates = [], isDue } = wish;
  const [first] = certificates;
  if (isDue)
    return (
      <p>
        All that are past two thirds of their life, each by whoever is known to renew it. What cannot be
        renewed is listed in the plan, with why.
      </p>
    );
  if (first && certificates.length === 1)
    return (
      <p className={classes.dim}>
        <Untrusted text={first} isMono />
      </p>
    );
  return <p className={classes.dim}>{formatCount(certificates.length, "certificate")}.</p>;
}

/** What is missing before certificates can be planned; null where nothing is. */
export function formatRenewalLack({ issuer, challenge = null }: Wish): string | null {
  if (issuer === undefined) return "the issuer";
  return challenge === null || ChallengeWay.safeParse(challenge).success ? null : "where challenges go";
}
