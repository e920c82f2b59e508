import { Checkbox, FileInput, TextInput } from "@mantine/core";
import { useState } from "react";
import { toGivenFiles } from "#renderer/api/given-files.ts";
import { useSeal } from "#renderer/api/seal-secret.ts";
import type { Issuer } from "#shared/model/issuer.ts";
import { AddFrame } from "./add-frame.tsx";
import { ChallengeFields, draftOf, readDraft } from "./challenge-fields.tsx";
import { useSetChallenge, useSetIssuer } from "./issuer-queries.ts";

type Props = { issuer: Extract<Issuer, { kind: "acme" }>; onDone: () => void };

/** Of an ACME directory: all but its address and its keys. What was not touched stays. */
export function ChangeAcme({ issuer, onDone }: Props) {
  const { name, account, hasRoots, challenge } = issuer;
  const set = useSetIssuer();
  const setChallenge = useSetChallenge();
  const seal = useSeal();
  const [contacts, setContacts] = useState(issuer.contacts.join(", "));
  const [profile, setProfile] = useState(issuer.profile ?? "");
  const [roots, setRoots] = useState<File | null>(null);
  const [isBySystem, setIsBySystem] = useState(!hasRoots);
  const [before] = useState(() => draftOf(challenge));
  const [way, setWay] = useState(before);
  const typed = readDraft(way);
  const change = async () => {
    const [file] = roots ? toGivenFiles([roots]) : [];
    const settings = {
      profile: profile || null,
      ...(account === null && { contacts: contacts.split(/[\s,]+/).filter((one) => one !== "") }),
      ...(file ? { roots: await file.read() } : isBySystem && hasRoots && { roots: null }),
    };
    await set.mutateAsync({ name, settings });
    if (way !== before) {
      const secret = typed?.kind === "rfc2136" ? { ...typed, secret: await seal(way.secret) } : typed;
      await setChallenge.mutateAsync({ name, challenge: secret ?? null });
    }
    onDone();
  };
  return (
    <AddFrame isReady={way === before || typed !== undefined} onAdd={change} word="Change it">
      <p>The account and its key stay. For another directory, add another issuer.</p>
      <TextInput
        size="xs"
        label="Mail addresses that it may write to"
        description={account === null ? undefined : "The directory has those of the account that is made"}
        disabled={account !== null}
        value={contacts}
        onChange={(event) => setContacts(event.currentTarget.value)}
        spellCheck={false}
      />
      <TextInput
        size="xs"
        label="Profile"
        description="Which kind of certificate, by the directory's own word"
        value={profile}
        onChange={(event) => setProfile(event.currentTarget.value.trim())}
        spellCheck={false}
      />
      <RootsField
        hasRoots={hasRoots}
        roots={roots}
        isBySystem={isBySystem}
        onRoots={setRoots}
        onSystem={setIsBySystem}
      />
      <ChallengeFields way={way} onChange={setWay} />
    </AddFrame>
  );
}

type RootsProps = {
  /** It is known by roots that were given. */
  hasRoots: boolean;
  roots: File | null;
  isBySystem: boolean;
  onRoots: (roots: File | null) => void;
  onSystem: (isBySystem: boolean) => void;
};

function RootsField({ hasRoots, roots, isBySystem, onRoots, onSystem }: RootsProps) {
  const without = hasRoots ? "those that were given stay" : "those of this system";
  return (
    <>
      <FileInput
        size="xs"
        label="Roots that the directory is known by"
        description={`A file of PEM or DER; without one, ${without}`}
        clearable
        value={roots}
        onChange={onRoots}
      />
      {hasRoots && (
        <Checkbox
          size="xs"
          label="By those of this system instead"
          checked={isBySystem}
          onChange={(event) => onSystem(event.currentTarget.checked)}
        />
      )}
    </>
  );
}
