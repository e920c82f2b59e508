import { Button, Checkbox, PasswordInput, TextInput } from "@mantine/core";
import { type ChangeEvent, type ReactNode, type Ref, useEffect, useRef, useState } from "react";
import { Untrusted } from "#renderer/ui/text.tsx";
import { assertNever } from "#shared/model/assert-never.ts";
import { isPasswordPrompt, MOST_WRONG_ANSWERS, type PromptRequest } from "#shared/model/hosts/prompt.ts";
import { formatHostAddress } from "#shared/text/hosts/target.ts";
import classes from "./prompts.module.css";

type Reply = { answers: string[] | null; isForSameUser: boolean };

type Props = {
  request: PromptRequest;
  /** What prompts. */
  work: "scan" | "runbook";
  /** Hosts that may want the same password. */
  hasOthers: boolean;
  onReply: (reply: Reply) => Promise<void>;
  /** Ends what prompts; null where a prompt cannot. */
  onCancel: (() => void) | null;
};

/** One prompt. What is typed lives in this form alone, and goes with it. */
export function PromptForm({ request, work, hasOthers, onReply, onCancel }: Props) {
  const { about, prompts } = request;
  const [answers, setAnswers] = useState(() => prompts.map(() => ""));
  const [isForSameUser, setIsForSameUser] = useState(false);
  const [sending, setSending] = useState<"answer" | "skip" | null>(null);
  const [refusal, setRefusal] = useState<string | null>(null);
  const first = useRef<HTMLInputElement>(null);
  useEffect(() => first.current?.focus(), []);

  const reply = async (how: "answer" | "skip") => {
    setSending(how);
    setRefusal(null);
    try {
      await onReply(how === "answer" ? { answers, isForSameUser } : { answers: null, isForSameUser: false });
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      setRefusal(error.message);
      setSending(null);
    }
  };
  const wrong = formatWrong(request);
  const mayReuse = hasOthers && about.kind !== "passphrase" && isPasswordPrompt(request);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void reply("answer");
      }}
      autoComplete="off"
      className={classes.form}
    >
      <About request={request} />
      {wrong && (
        <p role="alert" className={classes.wrong}>
          {wrong}
        </p>
      )}
      {prompts.map(({ text, isEchoed }, index) => (
        <Answer
          // biome-ignore lint/suspicious/noArrayIndexKey: the prompts of one request never move
          key={index}
          ref={index === 0 ? first : null}
          label={<Untrusted text={text || "Answer"} />}
          isEchoed={isEchoed}
          value={answers[index] ?? ""}
          onChange={(value) => setAnswers(answers.map((other, at) => (at === index ? value : other)))}
        />
      ))}
      {mayReuse && (
        <ForSameUser user={about.user} work={work} isOn={isForSameUser} onChange={setIsForSameUser} />
      )}
      <p className={classes.promise}>It is used for this {work}, and written nowhere.</p>
      {refusal && (
        <p role="alert" className={classes.wrong}>
          <Untrusted text={refusal} />
        </p>
      )}
      <div className={classes.actions}>
        {onCancel && (
          <Button variant="subtle" color="gray" size="xs" onClick={onCancel}>
            Cancel the {work}
          </Button>
        )}
        <span className={classes.space} />
        <Button variant="default" size="xs" loading={sending === "skip"} onClick={() => void reply("skip")}>
          Go on without
        </Button>
        <Button type="submit" size="xs" loading={sending === "answer"}>
          {formatAnswering(request)}
        </Button>
      </div>
    </form>
  );
}

type SameUserProps = { user: string; work: Props["work"]; isOn: boolean; onChange: (isOn: boolean) => void };

const ForSameUser = ({ user, work, isOn, onChange }: SameUserProps) => (
  <Checkbox
    size="xs"
    label={
      <>
        Try it at the other hosts of this {work} that need one for <Untrusted text={user} />
      </>
    }
    description="Only once a host has accepted it, and at each host once"
    checked={isOn}
    onChange={(event) => onChange(event.currentTarget.checked)}
  />
);

function About({ request: { about } }: { request: PromptRequest }) {
  if (about.kind === "passphrase")
    return (
      <div>
        <p>
          <Untrusted text={about.file} isMono /> has a passphrase.
        </p>
        {about.fingerprint && (
          <p className={classes.promise}>
            <Untrusted text={about.fingerprint} isMono />
          </p>
        )}
      </div>
    );
  return (
    <div>
      <p>
        No key can log in as <Untrusted text={about.user} /> at <Untrusted text={formatHostAddress(about)} />
        {about.kind === "password" ? "." : ", and the host prompts:"}
      </p>
      {about.kind === "keyboard-interactive" && (about.title || about.instructions) && (
        <blockquote className={classes.words}>
          {about.title && (
            <p>
              <Untrusted text={about.title} />
            </p>
          )}
          {about.instructions && (
            <p>
              <Untrusted text={about.instructions} limit={1_000} />
            </p>
          )}
        </blockquote>
      )}
    </div>
  );
}

type AnswerProps = {
  ref: Ref<HTMLInputElement>;
  label: ReactNode;
  isEchoed: boolean;
  value: string;
  onChange: (value: string) => void;
};

function Answer({ ref, label, isEchoed, value, onChange }: AnswerProps) {
  const Input = isEchoed ? TextInput : PasswordInput;
  return (
    <Input
      ref={ref}
      label={label}
      value={value}
      onChange={(event: ChangeEvent<HTMLInputElement>) => onChange(event.currentTarget.value)}
      autoComplete="off"
      spellCheck={false}
      data-autofocus
    />
  );
}

/** The title of its dialog. */
export function formatPromptTitle({ about }: PromptRequest): string {
  switch (about.kind) {
    case "passphrase":
      return "Passphrase";
    case "password":
      return "Password";
    case "proxy":
      return "Password of the proxy";
    case "keyboard-interactive":
      return "The host prompts";
    default:
      return assertNever(about);
  }
}

/** What to do with the answer. */
function formatAnswering({ about }: PromptRequest): string {
  switch (about.kind) {
    case "passphrase":
      return "Unlock the key";
    case "password":
      return "Log in";
    case "proxy":
      return "Go through it";
    case "keyboard-interactive":
      return "Answer the host";
    default:
      return assertNever(about);
  }
}

/** Why it prompts again; null for the first time. */
function formatWrong({ about, wrongAnswers }: PromptRequest): string | null {
  if (wrongAnswers === 0) return null;
  const left = MOST_WRONG_ANSWERS - wrongAnswers;
  const tries = left === 1 ? "1 attempt left" : `${left} attempts left`;
  return about.kind === "passphrase"
    ? `Wrong passphrase; ${tries}`
    : `The host refused that, and counts it; ${tries}`;
}
