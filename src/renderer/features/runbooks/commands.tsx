import { Fragment } from "react";
import { Verbatim } from "#renderer/ui/drawer/drawer.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";

/** What a person runs on a host, a command a line. */
export const Commands = ({ lines }: { lines: readonly string[] }) => (
  <Verbatim>
    {lines.map((line, index) => (
      // biome-ignore lint/suspicious/noArrayIndexKey: the lines of one script never move
      <Fragment key={index}>
        <Untrusted text={line} limit={2_000} />
        {"\n"}
      </Fragment>
    ))}
  </Verbatim>
);
