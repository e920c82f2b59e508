import { Checkbox, NativeSelect, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import type { RequestDraft } from "#renderer/api/scan-button.tsx";
import { formatHostAddress } from "#shared/text/hosts/target.ts";
import classes from "./decision.module.css";
import { RenewalFields } from "./renewal-fields.tsx";

const KEY_TYPES = [
  { value: "ed25519", label: "Ed25519" },
  { value: "ecdsa", label: "ECDSA P-256" },
  { value: "rsa", label: "RSA 3072" },
] as const;

/** Whether a request has fields beside what it is about. */
export const hasFields = (request: RequestDraft): boolean => !FIELDLESS.has(request.kind);

const FIELDLESS: ReadonlySet<RequestDraft["kind"]> = new Set([
  "remove-grants",
  "reload",
  "disable-account",
  "remove-account",
]);

type Props<Kind extends RequestDraft["kind"]> = {
  request: Extract<RequestDraft, { kind: Kind }>;
  onChange: (request: RequestDraft) => void;
};

/** The fields for what a request leaves open. */
export function RequestFields({
  request,
  onChange,
}: {
  request: RequestDraft;
  onChange: (request: RequestDraft) => void;
}) {
  switch (request.kind) {
    case "rotate-key":
      return <NewKeyFields request={request} onChange={onChange} />;
    case "rotate-host-key":
      return <KeyType request={request} onChange={onChange} />;
    case "add-grants":
      return <AddFields request={request} onChange={onChange} />;
    case "tighten-grants":
      return <TightenFields request={request} onChange={onChange} />;
    case "move-to-authority":
      return <AuthorityFields request={request} onChange={onChange} />;
    case "rotate-certificate":
      return <RenewalFields request={request} onChange={onChange} />;
    case "remove-grants":
    case "reload":
    case "disable-account":
    case "remove-account":
      return null;
  }
}

function KeyType({ request, onChange }: Props<"rotate-key" | "rotate-host-key">) {
  return (
    <NativeSelect
      size="xs"
      label="Kind of the new key"
      value={request.keyType ?? "ed25519"}
      data={KEY_TYPES}
      onChange={(event) => {
        const keyType = KEY_TYPES.find(({ value }) => value === event.currentTarget.value)?.value;
        if (keyType) onChange({ ...request, keyType });
      }}
    />
  );
}

function NewKeyFields({ request, onChange }: Props<"rotate-key">) {
  return (
    <>
      <KeyType request={request} onChange={onChange} />
      <TextInput
        size="xs"
        label="A new key that is made already"
        description="Its .pub line, or the path of its private key file here; empty: one is made"
        value={request.newKey ?? ""}
        onChange={(event) => onChange({ ...request, newKey: event.currentTarget.value || null })}
        spellCheck={false}
      />
      <TextInput
        size="xs"
        label="Where to write the private key on this computer"
        description="Used where no file with the old key is known"
        value={request.keyFile ?? ""}
        onChange={(event) => onChange({ ...request, keyFile: event.currentTarget.value || null })}
        spellCheck={false}
      />
    </>
  );
}

function AddFields({ request, onChange }: Props<"add-grants">) {
  return (
    <>
      <Textarea
        size="xs"
        label="Key"
        description="The line of a .pub file, or the SHA256: fingerprint of a key that is known"
        placeholder="ssh-ed25519 AAAA… jo@laptop"
        autosize
        minRows={2}
        maxRows={5}
        value={request.key}
        onChange={(event) => onChange({ ...request, key: event.currentTarget.value })}
        spellCheck={false}
        classNames={{ input: classes.mono ?? "" }}
        data-autofocus
      />
      <AccountsField
        accounts={request.accounts}
        onChange={(accounts) => onChange({ ...request, accounts })}
      />
      <TextInput
        size="xs"
        label="Options"
        description="As they stand before the key in the line; empty for none"
        placeholder={'restrict,from="10.0.0.0/8"'}
        value={request.options ?? ""}
        onChange={(event) => onChange({ ...request, options: event.currentTarget.value })}
        spellCheck={false}
        classNames={{ input: classes.mono ?? "" }}
      />
    </>
  );
}

function TightenFields({ request, onChange }: Props<"tighten-grants">) {
  return (
    <>
      <TextInput
        size="xs"
        label="Only from"
        description="Addresses, ranges and names between commas; empty: as it stands"
        placeholder="10.0.0.0/8,bastion.corp.example"
        value={request.from ?? ""}
        onChange={(event) => onChange({ ...request, from: event.currentTarget.value || null })}
        spellCheck={false}
        data-autofocus
      />
      <Checkbox
        size="xs"
        label="Restrict"
        description="No forwarding of any kind, no terminal"
        checked={request.restrict ?? false}
        onChange={(event) => onChange({ ...request, restrict: event.currentTarget.checked })}
      />
      <TextInput
        size="xs"
        type="date"
        label="Until"
        description="From that day on it lets nobody in; empty: as it stands"
        value={toDate(request.expiry ?? null)}
        onChange={(event) =>
          onChange({ ...request, expiry: event.currentTarget.value.replaceAll("-", "") || null })
        }
      />
    </>
  );
}

const toDate = (expiry: string | null): string =>
  expiry === null ? "" : `${expiry.slice(0, 4)}-${expiry.slice(4, 6)}-${expiry.slice(6, 8)}`;

function AuthorityFields({ request, onChange }: Props<"move-to-authority">) {
  return (
    <>
      <Textarea
        size="xs"
        label="Certificate authority"
        description="The line of its .pub file: what it signs is let in instead of the key"
        autosize
        minRows={2}
        maxRows={5}
        value={request.authority}
        onChange={(event) => onChange({ ...request, authority: event.currentTarget.value })}
        spellCheck={false}
        classNames={{ input: classes.mono ?? "" }}
        data-autofocus
      />
      <PrincipalsField
        principals={request.principals ?? []}
        onChange={(principals) => onChange({ ...request, principals })}
      />
    </>
  );
}

type AccountAddresses = Extract<RequestDraft, { kind: "add-grants" }>["accounts"];

/** Accounts of hosts, one a line. An error counts the lines that are none. */
function AccountsField({
  accounts,
  onChange,
}: {
  accounts: AccountAddresses;
  onChange: (accounts: AccountAddresses) => void;
}) {
  const [text, setText] = useState(() => accounts.map(formatAccountAddress).join("\n"));
  const lines = text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
  const unreadable = lines.filter((line) => parseAccountAddress(line) === null);
  const change = (next: string) => {
    setText(next);
    onChange(next.split("\n").flatMap((line) => parseAccountAddress(line.trim()) ?? []));
  };
  return (
    <Textarea
      size="xs"
      label="Accounts"
      description="As user@host or user@host:port, one a line"
      placeholder={"deploy@web-1.corp.example\nroot@10.0.0.5:2222"}
      autosize
      minRows={3}
      maxRows={8}
      value={text}
      onChange={(event) => change(event.currentTarget.value)}
      error={
        unreadable.length > 0 &&
        `${unreadable.length === 1 ? "One line is" : `${unreadable.length} lines are`} no account: user@host`
      }
      spellCheck={false}
      classNames={{ input: classes.mono ?? "" }}
    />
  );
}

const formatAccountAddress = ({ account, host, port }: AccountAddresses[number]): string =>
  `${account}@${port === 22 ? host : formatHostAddress({ host, port })}`;

/** Null for a text that is no account of a host. */
function parseAccountAddress(line: string): AccountAddresses[number] | null {
  const found = /^([^@\s]+)@(?:\[([^\]\s]+)\]|([^:\s[\]]+|[^:\s]*(?::[^:\s]*){2,}))(?::(\d{1,5}))?$/.exec(
    line,
  );
  const [, account, bracketed, plain, port = "22"] = found ?? [];
  const host = bracketed ?? plain;
  return account && host ? { account, host, port: Number(port) } : null;
}

type PrincipalsProps = { principals: readonly string[]; onChange: (principals: string[]) => void };

/** Names between commas. */
function PrincipalsField({ principals, onChange }: PrincipalsProps) {
  const [text, setText] = useState(() => principals.join(","));
  const change = (next: string) => {
    setText(next);
    onChange(
      next
        .split(",")
        .map((name) => name.trim())
        .filter(Boolean),
    );
  };
  return (
    <TextInput
      size="xs"
      label="Principals"
      description="Names between commas, of which a certificate must have one; empty: the account's name"
      value={text}
      onChange={(event) => change(event.currentTarget.value)}
      spellCheck={false}
    />
  );
}
