import { ActionIcon, Button, FileButton, NativeSelect, TextInput } from "@mantine/core";
import { IconCircleCheck, IconCircleX, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useApi } from "#renderer/api/connection.ts";
import { toChosenFiles } from "#renderer/api/desktop.ts";
import { LabelsLine } from "#renderer/api/labels-section.tsx";
import { Dim } from "#renderer/ui/cells.tsx";
import { Dialog } from "#renderer/ui/dialog.tsx";
import { Line, Lines } from "#renderer/ui/drawer/drawer.tsx";
import { download } from "#renderer/ui/table/column.ts";
import { Tag } from "#renderer/ui/tag.tsx";
import { formatUntrusted, Untrusted } from "#renderer/ui/text.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import { When } from "#renderer/ui/when.tsx";
import type { TestedIssuer } from "#shared/contract/issuers.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import { type IssuedCertificate, type Issuer, RevocationReason } from "#shared/model/issuers/issuer.ts";
import { formatChallengeMethod } from "#shared/text/certificates/challenge-method.ts";
import { formatCount } from "#shared/text/count.ts";
import classes from "./issuers.module.css";
import { useIssued, useRevocationList, useRevoke, useSign, useTestIssuer } from "./queries.ts";
import { SmallButton } from "./small-button.tsx";

const KINDS = { local: "authority of your own", acme: "ACME directory", csr: "a person" } as const;

type Props = {
  issuer: Issuer;
  isReadOnly: boolean;
  onIssued: () => void;
  onChange: () => void;
  onRemove: () => void;
};

/** One issuer, what can be done with it, and the result of that. */
export function IssuerLine({ issuer, isReadOnly, onIssued, onChange, onRemove }: Props) {
  const { name, kind } = issuer;
  const test = useTestIssuer();
  const { error } = test;
  const [tryName, setTryName] = useState("");
  const isHooked = kind === "acme" && issuer.challenge?.kind === "dns-hook";
  return (
    <Line
      end={
        <>
          <SmallButton
            disabled={isReadOnly}
            loading={test.isPending}
            onClick={() => test.mutate({ name, tryName: tryName || null })}
            label={`Test ${name}`}
          >
            Test
          </SmallButton>
          <SmallButton disabled={isReadOnly} onClick={onChange} label={`Change ${name}`}>
            Change
          </SmallButton>
          <ActionIcon
            variant="subtle"
            color="gray"
            size={24}
            disabled={isReadOnly}
            aria-label={`Remove ${formatUntrusted(name)}`}
            title="Remove it"
            onClick={onRemove}
          >
            <IconTrash size={15} />
          </ActionIcon>
        </>
      }
      below={
        <>
          <Summary issuer={issuer} />
          <LabelsLine thing={{ kind: "issuer", name }} />
          {kind === "local" && <OwnActions name={name} isReadOnly={isReadOnly} onIssued={onIssued} />}
          {isHooked && (
            <TextInput
              size="xs"
              label="Name to try the program with"
              description="A record is created for it and deleted; without a name, the program is not called"
              value={tryName}
              onChange={(event) => setTryName(event.currentTarget.value.trim())}
              spellCheck={false}
            />
          )}
          {test.data && <Tested {...test.data} />}
          {error && (
            <p role="alert" className={classes.refusal}>
              <Untrusted text={error.message} limit={1_000} />
            </p>
          )}
        </>
      }
    >
      <span className={classes.name}>
        <Untrusted text={name} />
      </span>
      <span className={classes.kind}>{KINDS[kind]}</span>
    </Line>
  );
}

function Summary({ issuer }: { issuer: Issuer }) {
  switch (issuer.kind) {
    case "local": {
      const { permitted, daysValid, issued, revoked, intermediate } = issuer;
      const counts = `${formatCount(issued, "certificate")} signed${revoked > 0 ? `, ${revoked} revoked` : ""}`;
      return (
        <Untrusted
          text={`Signs as ${intermediate.subject} for ${permitted.join(", ")}; ${daysValid} days; ${counts}`}
          limit={1_000}
        />
      );
    }
    case "acme": {
      const { directory, account, profile, challenge } = issuer;
      const known = account === null ? "no account yet" : "with an account";
      const which = profile === null ? "" : `; profile ${profile}`;
      const method = challenge ? `; ${formatChallengeMethod(challenge)}` : "";
      return <Untrusted text={`${directory}; ${known}${which}${method}`} limit={1_000} />;
    }
    case "csr":
      return (
        <Untrusted text={issuer.note || "A person signs the requests, and you import the certificates"} />
      );
    default:
      return assertNever(issuer);
  }
}

function Tested({ isSound, lines }: TestedIssuer) {
  return (
    <div role="status" className={classes.tested}>
      <Tag tone={isSound ? "green" : "red"} Icon={isSound ? IconCircleCheck : IconCircleX}>
        {isSound ? "it would sign" : "it would not sign"}
      </Tag>
      <ul className={classes.lines}>
        {lines.map((line) => (
          <li key={line}>
            <Untrusted text={line} limit={1_000} />
          </li>
        ))}
      </ul>
    </div>
  );
}

type OwnActionsProps = { name: string; isReadOnly: boolean; onIssued: () => void };

const PEM = "application/x-pem-file";

/** What an authority of the user's own can provide. */
function OwnActions({ name, isReadOnly, onIssued }: OwnActionsProps) {
  const api = useApi();
  const lists = useRevocationList();
  const signing = useSign();
  const [refusal, setRefusal] = useState<string | null>(null);
  const attempt = async (act: () => Promise<void>) => {
    setRefusal(null);
    try {
      await act();
    } catch (failure) {
      if (!(failure instanceof Error)) throw failure;
      setRefusal(failure.message);
    }
  };
  const saveRoot = async () => {
    const { root } = await api.issuers.root.call({ name });
    download(`${name}-root.pem`, PEM, root);
  };
  const saveLists = async () => {
    const { pem } = await lists.mutateAsync({ name });
    download(`${name}.crl`, PEM, pem);
  };
  const sign = async (file: File | null) => {
    const [chosen] = file ? toChosenFiles([file]) : [];
    if (!chosen) return;
    const { pem, names } = await signing.mutateAsync({ name, base64: await chosen.read() });
    download(chosen.name.replace(/(\.csr|\.req|\.pem)?$/i, ".crt.pem"), PEM, pem);
    toast(`Signed for ${names.map((one) => one.replace(/^(DNS|IP):/, "")).join(", ")}`);
  };
  return (
    <>
      <div className={classes.actions}>
        <FileButton onChange={(file) => void attempt(() => sign(file))}>
          {({ onClick }) => (
            <SmallButton
              disabled={isReadOnly}
              loading={signing.isPending}
              onClick={onClick}
              label={`Sign a request with ${name}`}
            >
              Sign a request
            </SmallButton>
          )}
        </FileButton>
        <SmallButton onClick={onIssued} label={`Certificates of ${name}`}>
          Certificates
        </SmallButton>
        <SmallButton
          onClick={() => void attempt(saveRoot)}
          label={`Root of ${name}`}
          title="What clients are to trust"
        >
          Root
        </SmallButton>
        <SmallButton
          disabled={isReadOnly}
          loading={lists.isPending}
          onClick={() => void attempt(saveLists)}
          label={`Revocation lists of ${name}`}
          title="Signed anew each time"
        >
          Revocation lists
        </SmallButton>
      </div>
      {refusal !== null && (
        <p role="alert" className={classes.refusal}>
          <Untrusted text={refusal} limit={1_000} />
        </p>
      )}
    </>
  );
}

type IssuedDialogProps = { name: string; isReadOnly: boolean; onClose: () => void };

/** What an authority of the user's own has signed, and a form to revoke it. */
export function IssuedDialog({ name, isReadOnly, onClose }: IssuedDialogProps) {
  const { data } = useIssued(name);
  const [openSerial, setOpenSerial] = useState<string | null>(null);
  return (
    <Dialog title={`Certificates of ${formatUntrusted(name)}`} isOpen onClose={onClose} width={640}>
      {data?.length === 0 && <Dim>It has signed none yet</Dim>}
      <div className={classes.list}>
        <Lines>
          {data?.map((certificate) => (
            <IssuedLine
              key={certificate.serial}
              issuer={name}
              certificate={certificate}
              isReadOnly={isReadOnly}
              isRevoking={openSerial === certificate.serial}
              onRevoking={(isRevoking) => setOpenSerial(isRevoking ? certificate.serial : null)}
            />
          ))}
        </Lines>
      </div>
    </Dialog>
  );
}

type LineProps = {
  issuer: string;
  certificate: IssuedCertificate;
  isReadOnly: boolean;
  isRevoking: boolean;
  onRevoking: (isRevoking: boolean) => void;
};

function IssuedLine({ issuer, certificate, isReadOnly, isRevoking, onRevoking }: LineProps) {
  const { serial, names, notAfter, revokedAt, reason } = certificate;
  const plain = names.map((name) => name.replace(/^(DNS|IP):/, "")).join(", ");
  return (
    <Line
      end={
        revokedAt === null ? (
          !isReadOnly &&
          !isRevoking && (
            <Button
              size="compact-xs"
              variant="default"
              aria-label={`Revoke ${formatUntrusted(plain)}`}
              onClick={() => onRevoking(true)}
            >
              Revoke
            </Button>
          )
        ) : (
          <span className={classes.refusal}>
            revoked <When instant={revokedAt} />: {reason}
          </span>
        )
      }
      below={
        <>
          <Untrusted text={serial} isMono />, ends <When instant={notAfter} />
          {isRevoking && <RevokeForm issuer={issuer} serial={serial} onDone={() => onRevoking(false)} />}
        </>
      }
    >
      <Untrusted text={plain} />
    </Line>
  );
}

const REASONS: Record<RevocationReason, string> = {
  unspecified: "no reason",
  "key-compromise": "somebody else may have its key",
  superseded: "replaced by another one",
  "no-longer-used": "it is not used any more",
};

function RevokeForm({ issuer, serial, onDone }: { issuer: string; serial: string; onDone: () => void }) {
  const { mutate, isPending, error } = useRevoke();
  const [reason, setReason] = useState<RevocationReason>("unspecified");
  return (
    <form
      action={() => mutate({ name: issuer, certificate: serial, reason }, { onSuccess: onDone })}
      className={classes.form}
    >
      <NativeSelect
        size="xs"
        label="Why"
        value={reason}
        data={RevocationReason.options.map((value) => ({ value, label: REASONS[value] }))}
        onChange={(event) => setReason(RevocationReason.parse(event.currentTarget.value))}
      />
      <p>A revocation cannot be undone. Clients learn of it from the revocation lists.</p>
      {error && (
        <p role="alert" className={classes.refusal}>
          <Untrusted text={error.message} limit={1_000} />
        </p>
      )}
      <div className={classes.actions}>
        <Button type="submit" color="red" size="compact-xs" loading={isPending}>
          Revoke it
        </Button>
        <Button size="compact-xs" variant="default" onClick={onDone}>
          Leave it
        </Button>
      </div>
    </form>
  );
}
