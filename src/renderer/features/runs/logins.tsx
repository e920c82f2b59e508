import { TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import { createContext, use, useMemo, useState } from "react";
import classes from "./runs.module.css";

type Logins = { text: string; setText: (text: string) => void; identityFiles: string[] };

const LoginsContext = createContext<Logins>({ text: "", setText: () => undefined, identityFiles: [] });

/** The key files that were named for planning are named again for the run. They are forgotten with the page. */
export function LoginsProvider({ children }: { children: ReactNode }) {
  const [text, setText] = useState("");
  const logins = useMemo(() => ({ text, setText, identityFiles: splitPaths(text) }), [text]);
  return <LoginsContext value={logins}>{children}</LoginsContext>;
}

export const useLogins = () => use(LoginsContext);

const splitPaths = (text: string): string[] =>
  text
    .split(/[,\n]/)
    .map((path) => path.trim())
    .filter(Boolean);

/** How to log in, where the agent and the usual files do not do. */
export function LoginFields() {
  const { text, setText } = useLogins();
  return (
    <details className={classes.options}>
      <summary>Options for SSH</summary>
      <div className={classes.optionFields}>
        <TextInput
          size="xs"
          label="Private key files to log in with first"
          description="Of ~/.ssh, or named when Latchkey was started, between commas; then the agent's keys and the usual files"
          placeholder="~/.ssh/deploy_ed25519"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
      </div>
    </details>
  );
}
