import { Button } from "@mantine/core";
import { IconCheck, IconCopy, IconDownload } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useCopied } from "#renderer/ui/clipboard.ts";
import { Section, Verbatim } from "#renderer/ui/drawer/drawer.tsx";
import { download } from "#renderer/ui/table/csv.ts";
import type { CertificateDetail } from "#shared/model/certificate.ts";
import { fromPem } from "./from-pem.ts";

/** The certificate as it is, for other programs. */
export function RawTab({ certificate: { pem, sha256 } }: { certificate: CertificateDetail }) {
  const hex = formatHex(fromPem(pem));
  const save = (
    <Button
      variant="subtle"
      size="compact-sm"
      leftSection={<IconDownload size={14} />}
      onClick={() => download(`${sha256.slice(0, 16)}.pem`, "application/x-pem-file", pem)}
    >
      Download
    </Button>
  );
  return (
    <>
      <Text title="PEM" text={pem.trim()} more={save} />
      <Text title="DER in hex" text={hex} />
    </>
  );
}

/** More of it is copied, not shown. */
const MOST_SHOWN = 32 * 1024;

function Text({ title, text, more }: { title: string; text: string; more?: ReactNode }) {
  const { isCopied, copy } = useCopied();
  const Icon = isCopied ? IconCheck : IconCopy;
  const actions = (
    <span>
      <Button
        variant="subtle"
        size="compact-sm"
        leftSection={<Icon size={14} />}
        aria-label={`Copy ${title}`}
        onClick={() => copy(text)}
      >
        {isCopied ? "Copied" : "Copy"}
      </Button>
      {more}
    </span>
  );
  return (
    <Section title={title} action={actions}>
      <Verbatim isNarrow>{text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text}</Verbatim>
    </Section>
  );
}

/** Without spaces, as xxd -r -p and openssl take it, in lines of 32 bytes. */
const formatHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))
    .join("")
    .replace(/.{64}(?=.)/g, "$&\n");
