import { Button, Checkbox, NativeSelect, Textarea, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconRadar2 } from "@tabler/icons-react";
import { useState } from "react";
import { Dialog } from "#renderer/ui/dialog.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { TransportRequest } from "#shared/model/hosts/probe.ts";
import type { ScanId } from "#shared/model/hosts/scan.ts";
import { StartTls } from "#shared/model/hosts/target.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatProtocol } from "#shared/text/hosts/target.ts";
import { isTooLong, usePreview, usePrompts, useRememberedTargets, useStartScan } from "./queries.ts";
import { ScanProgress } from "./scan-state.tsx";
import classes from "./scans.module.css";
import { type Source, Sources, TargetPreview } from "./target-preview.tsx";

type Props = { isOpen: boolean; initialText: string; onClose: () => void };

export function ScanDialog({ isOpen, initialText, onClose }: Props) {
  const isBehind = usePrompts().waiting !== undefined;
  return (
    <Dialog title="Scan" isOpen={isOpen} onClose={onClose} width={640} isBehind={isBehind}>
      {isOpen && <ScanPanel key={initialText} initialText={initialText} onDone={onClose} />}
    </Dialog>
  );
}

type ScanPanelProps = { initialText: string; isFirst?: boolean; onDone?: () => void; doneWord?: string };

/** What to scan, then how it goes: the same in the dialog and on the first page. */
export function ScanPanel({ initialText, isFirst = false, onDone, doneWord = "Close" }: ScanPanelProps) {
  const [scanId, setScanId] = useState<ScanId | null>(null);
  if (scanId === null) return <ScanForm initialText={initialText} isFirst={isFirst} onStarted={setScanId} />;
  return <ScanProgress scanId={scanId} {...(onDone ? { onDone } : {})} doneWord={doneWord} />;
}

const PREVIEW_PAUSE_MS = 200;
const LOCALHOST = "localhost";
const TOO_LONG = "this is too long for a page; put it in a file, and scan that by: latchkey scan --from FILE";

type ScanFormProps = { initialText: string; isFirst?: boolean; onStarted: (scanId: ScanId) => void };

function ScanForm({ initialText, isFirst = false, onStarted }: ScanFormProps) {
  const [text, setText] = useState(initialText);
  const [options, setOptions] = useState(NO_OPTIONS);
  const [settled] = useDebouncedValue(text, PREVIEW_PAUSE_MS);
  const [sources, setSources] = useState<Source[]>([]);
  const [tls, setTls] = useState(NO_TLS_OPTIONS);
  const preview = usePreview({ text: settled, sources, ...tls });
  const remembered = useRememberedTargets().data?.length ?? 0;
  const { mutate, isPending, error } = useStartScan();
  const isEmpty = text.trim() === "" && sources.length === 0;

  const start = () =>
    mutate(
      { text, sources, skipBroken: true, ...tls, ...toRequest(options) },
      { onSuccess: ({ scanId }) => onStarted(scanId) },
    );
  const refusal = isTooLong(text) ? TOO_LONG : (preview.error?.message ?? "");
  const isRefused = !isEmpty && refusal !== "";
  const total = isEmpty ? remembered : (preview.data?.total ?? 0);
  return (
    <form action={start} className={classes.form}>
      <TargetsField text={text} onChange={setText} refusal={isRefused ? refusal : null} />
      <Sources sources={sources} onChange={setSources} />
      <TlsOptions options={tls} onChange={(patch) => setTls({ ...tls, ...patch })} />
      <Options options={options} onChange={(patch) => setOptions({ ...options, ...patch })} />
      {!isRefused && (
        <TargetPreview preview={isEmpty ? undefined : preview.data} remembered={isEmpty ? remembered : 0} />
      )}
      {error && (
        <p role="alert" className={classes.refusal}>
          <Untrusted text={error.message} />
        </p>
      )}
      <p className={classes.leaves}>
        A scan writes nothing on a host. In its log it leaves what any login does: connections, the keys and
        passwords that were refused, and the one that let it in
      </p>
      <div className={classes.formActions}>
        {isFirst && text !== LOCALHOST && (
          <Button variant="default" onClick={() => setText(LOCALHOST)}>
            Only localhost
          </Button>
        )}
        <Button
          type="submit"
          loading={isPending}
          disabled={total === 0 || isRefused}
          leftSection={<IconRadar2 size={16} />}
        >
          {total === 0 ? "Scan" : `Scan ${formatCount(total, "target")}`}
        </Button>
      </div>
    </form>
  );
}

type FieldProps = { text: string; onChange: (text: string) => void; refusal: string | null };

const TargetsField = ({ text, onChange, refusal }: FieldProps) => (
  <Textarea
    label="Hosts and endpoints"
    description="Names, addresses, user@host, host:port, ranges such as 10.0.0.0/28 or web[01-20].corp; between spaces, commas or lines"
    placeholder={"web01.example\ndeploy@10.0.0.5\nshop.example:443"}
    value={text}
    onChange={(event) => onChange(event.currentTarget.value)}
    minRows={4}
    maxRows={8}
    autosize
    data-autofocus
    spellCheck={false}
    classNames={{ input: classes.targets ?? "" }}
    error={refusal !== null && <Untrusted text={refusal} />}
  />
);

type OptionValues = {
  acceptNew: boolean;
  useSudo: boolean;
  promptsForPassword: boolean;
  identityFiles: string;
  transport: TransportRequest | null;
};

const NO_OPTIONS: OptionValues = {
  acceptNew: false,
  useSudo: false,
  promptsForPassword: false,
  identityFiles: "",
  transport: null,
};

const toRequest = ({ acceptNew, useSudo, promptsForPassword, identityFiles, transport }: OptionValues) => ({
  acceptNew,
  promptsForPassword,
  transport,
  mayPrompt: true,
  promptsForHostKeys: true,
  useSudo: useSudo || null,
  identityFiles: identityFiles
    .split(/[,\n]/)
    .map((path) => path.trim())
    .filter(Boolean),
});

function Options({
  options,
  onChange,
}: {
  options: OptionValues;
  onChange: (patch: Partial<OptionValues>) => void;
}) {
  return (
    <details className={classes.options}>
      <summary>Options for SSH</summary>
      <div className={classes.optionFields}>
        <Checkbox
          size="xs"
          label="Trust the host keys of new hosts"
          description="A changed key is refused all the same"
          checked={options.acceptNew}
          onChange={(event) => onChange({ acceptNew: event.currentTarget.checked })}
        />
        <Checkbox
          size="xs"
          label="Read as root by sudo -n"
          description="Only where sudo needs no password. A host that was read so before is read so again"
          checked={options.useSudo}
          onChange={(event) => onChange({ useSudo: event.currentTarget.checked })}
        />
        <Checkbox
          size="xs"
          label="Prompt for a password where no key is accepted"
          description="Or for whatever the host itself prompts for. It is used for this scan, and written nowhere"
          checked={options.promptsForPassword}
          onChange={(event) => onChange({ promptsForPassword: event.currentTarget.checked })}
        />
        <TextInput
          size="xs"
          label="Private key files to log in with first"
          description="Of ~/.ssh, or named when Latchkey was started, between commas; then the agent's keys and the usual files"
          placeholder="~/.ssh/deploy_ed25519"
          value={options.identityFiles}
          onChange={(event) => onChange({ identityFiles: event.currentTarget.value })}
        />
        <TransportField transport={options.transport} onChange={(transport) => onChange({ transport })} />
      </div>
    </details>
  );
}

const AS_REMEMBERED = "as remembered, or what a host needs";
const TRANSPORTS: Record<TransportRequest, string> = {
  auto: "what a host needs",
  ssh2: "ssh2, which is built in",
  system: "the ssh of this computer",
};

type TransportProps = {
  transport: TransportRequest | null;
  onChange: (transport: TransportRequest | null) => void;
};

const TransportField = ({ transport, onChange }: TransportProps) => (
  <NativeSelect
    size="xs"
    label="SSH client"
    description="The ssh of this computer knows certificates, security keys and ProxyCommand, which it runs"
    value={transport ?? ""}
    onChange={(event) =>
      onChange(TransportRequest.options.find((one) => one === event.currentTarget.value) ?? null)
    }
    data={[
      { value: "", label: AS_REMEMBERED },
      ...TransportRequest.options.map((value) => ({ value, label: TRANSPORTS[value] })),
    ]}
  />
);

type TlsOptionValues = {
  protocol: StartTls | null;
  /** Null: as each endpoint is remembered. */
  proxy: string | null;
  everyAddress: boolean;
  probesCapabilities: boolean;
};

const NO_TLS_OPTIONS: TlsOptionValues = {
  protocol: null,
  proxy: null,
  everyAddress: true,
  probesCapabilities: false,
};

type TlsOptionsProps = { options: TlsOptionValues; onChange: (patch: Partial<TlsOptionValues>) => void };

/** How endpoints are probed. */
const TlsOptions = ({ options, onChange }: TlsOptionsProps) => (
  <details className={classes.options}>
    <summary>Options for TLS</summary>
    <div className={classes.optionFields}>
      <NativeSelect
        size="xs"
        label="What endpoints speak before TLS"
        description="For those that do not name it, as in smtp://mail.example:2525; a bare name is then such an endpoint alone"
        value={options.protocol ?? ""}
        onChange={(event) =>
          onChange({ protocol: StartTls.options.find((one) => one === event.currentTarget.value) ?? null })
        }
        data={[
          { value: "", label: "what the port says: SMTP on 25, IMAP on 143, LDAP on 389, ..." },
          ...StartTls.options.map((value) => ({ value, label: formatProtocol(value) })),
        ]}
      />
      <TextInput
        size="xs"
        label="Reach endpoints through a proxy or a jump host"
        description="socks5://host:port, http://host:port or ssh://user@host, which is remembered; none: directly. A password does not belong here: user@host:port is asked for it"
        placeholder="as remembered"
        value={options.proxy === "" ? "none" : (options.proxy ?? "")}
        onChange={(event) => onChange({ proxy: readProxy(event.currentTarget.value) })}
      />
      <Checkbox
        size="xs"
        label="Probe every address of a name"
        description="And report where they serve different certificates"
        checked={options.everyAddress}
        onChange={(event) => onChange({ everyAddress: event.currentTarget.checked })}
      />
      <Checkbox
        size="xs"
        label="Probe which versions and groups they support"
        description="By some fourteen more connections to each endpoint, one after the other"
        checked={options.probesCapabilities}
        onChange={(event) => onChange({ probesCapabilities: event.currentTarget.checked })}
      />
    </div>
  </details>
);

const readProxy = (text: string): string | null => (text === "" ? null : text === "none" ? "" : text);
