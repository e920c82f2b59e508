import { createContext, use } from "react";
import { type FindOwnName, formatOwnName } from "#shared/text/hosts/own-name.ts";
import { formatHost } from "#shared/text/hosts/target.ts";
import { Dim, NameCell, TextCell } from "./cells.tsx";
import { Untrusted } from "./text.tsx";

/** What hosts call themselves. */
export const OwnNamesContext = createContext<FindOwnName>(() => null);

type Host = { host: string; port?: number | null };

/** What a host calls itself, where that says more than the user's name for it. */
function useOwnName({ host, port = null }: Host): string | null {
  return formatOwnName(host, use(OwnNamesContext)(host, port));
}

/** A host in a row. */
export function HostCell({ host, port = null }: Host) {
  const own = useOwnName({ host, port });
  const more = [port === null || port === 22 ? "" : `:${port}`, own ?? ""].filter(Boolean).join(" ");
  return <NameCell name={host} {...(more === "" ? {} : { more })} />;
}

/** Text of a row that names a host. */
export function OfHostCell({ text, ...host }: Host & { text: string }) {
  return <TextCell text={text} more={useOwnName(host)} />;
}

/** A host in a sentence, a title or a list of facts; `text`: what names it there. */
export function HostName({ host, port = null, text }: Host & { text?: string }) {
  const own = useOwnName({ host, port });
  return (
    <>
      <Untrusted text={text ?? formatHost({ host, port })} />
      {own !== null && (
        <Dim>
          {" "}
          <Untrusted text={own} limit={80} isCut />
        </Dim>
      )}
    </>
  );
}
