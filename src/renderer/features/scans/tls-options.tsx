import { NativeSelect } from "@mantine/core";
import { StartTls } from "#shared/model/starttls.ts";
import { sayProtocol } from "#shared/text/protocol.ts";
import classes from "./scans.module.css";

export type TlsOptionValues = { protocol: StartTls | null };

export const NO_TLS_OPTIONS: TlsOptionValues = { protocol: null };

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
          ...StartTls.options.map((value) => ({ value, label: sayProtocol(value) })),
        ]}
      />
    </div>
  </details>
);
