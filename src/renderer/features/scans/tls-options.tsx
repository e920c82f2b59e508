import { Checkbox, NativeSelect, TextInput } from "@mantine/core";
import { StartTls } from "#shared/model/starttls.ts";
import { formatProtocol } from "#shared/text/protocol.ts";
import classes from "./scans.module.css";

export type TlsOptionValues = {
  protocol: StartTls | null;
  /** Null: as each endpoint is remembered. */
  way: string | null;
  everyAddress: boolean;
  asksForOffers: boolean;
};

export const NO_TLS_OPTIONS: TlsOptionValues = {
  protocol: null,
  way: null,
  everyAddress: true,
  asksForOffers: false,
};

type Props = { options: TlsOptionValues; onChange: (patch: Partial<TlsOptionValues>) => void };

/** How endpoints are greeted. */
export const TlsOptions = ({ options, onChange }: Props) => (
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
        value={options.way === "" ? "none" : (options.way ?? "")}
        onChange={(event) => onChange({ way: readWay(event.currentTarget.value) })}
      />
      <Checkbox
        size="xs"
        label="Greet every address of a name"
        description="And tell where they serve different certificates"
        checked={options.everyAddress}
        onChange={(event) => onChange({ everyAddress: event.currentTarget.checked })}
      />
      <Checkbox
        size="xs"
        label="Ask which versions and groups they take"
        description="By some fourteen more connections to each endpoint, one after the other"
        checked={options.asksForOffers}
        onChange={(event) => onChange({ asksForOffers: event.currentTarget.checked })}
      />
    </div>
  </details>
);

const readWay = (text: string): string | null => (text === "" ? null : text === "none" ? "" : text);
