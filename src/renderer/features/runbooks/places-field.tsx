import { Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import type { RequestDraft } from "#renderer/api/plan-request.ts";
import { formatPlace } from "#shared/text/target.ts";
import classes from "./decision.module.css";

type Places = Extract<RequestDraft, { kind: "add-grants" }>["places"];

/** Accounts of hosts, one a line. What cannot be read as one is said. */
export function PlacesField({ places, onChange }: { places: Places; onChange: (places: Places) => void }) {
  const [text, setText] = useState(() => places.map(writePlace).join("\n"));
  const lines = text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
  const unread = lines.filter((line) => readPlace(line) === null);
  const change = (next: string) => {
    setText(next);
    onChange(next.split("\n").flatMap((line) => readPlace(line.trim()) ?? []));
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
        unread.length > 0 &&
        `${unread.length === 1 ? "One line is" : `${unread.length} lines are`} no account: user@host`
      }
      spellCheck={false}
      classNames={{ input: classes.mono ?? "" }}
    />
  );
}

const writePlace = ({ account, host, port }: Places[number]): string =>
  `${account}@${port === 22 ? host : formatPlace({ host, port })}`;

/** Null for what is no account of a host. */
function readPlace(line: string): Places[number] | null {
  const found = /^([^@\s]+)@(?:\[([^\]\s]+)\]|([^:\s[\]]+|[^:\s]*(?::[^:\s]*){2,}))(?::(\d{1,5}))?$/.exec(
    line,
  );
  const [, account, bracketed, plain, port = "22"] = found ?? [];
  const host = bracketed ?? plain;
  return account && host ? { account, host, port: Number(port) } : null;
}

type PrincipalsProps = { principals: readonly string[]; onChange: (principals: string[]) => void };

/** Names between commas. */
export function PrincipalsField({ principals, onChange }: PrincipalsProps) {
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
