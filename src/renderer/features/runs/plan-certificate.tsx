import {
  IconArrowRight,
  IconCertificate,
  IconServer,
  IconShieldCheck,
  IconShieldQuestion,
} from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { Fragment } from "react";
import { Fact, Facts } from "#renderer/ui/drawer/drawer.tsx";
import { Fingerprint } from "#renderer/ui/fingerprint.tsx";
import { TextLink, Untrusted } from "#renderer/ui/text.tsx";
import { Exactly, ExpiryTag } from "#renderer/ui/when.tsx";
import type {
  DeploymentFile,
  NamedCertificate,
  ReloadEndpoint,
  ReloadedServer,
  Replacement,
  Service,
  VerificationEndpoint,
} from "#shared/model/runs/deployment.ts";
import { formatChallengeMethod } from "#shared/text/certificates/challenge-method.ts";
import {
  formatHolds,
  formatOwnTest,
  formatServedVerification,
  type PresentedChange,
  toPresentedChange,
} from "#shared/text/certificates/deployment.ts";
import { formatKnownChain, formatNextChain } from "#shared/text/runs/renewal-trust.ts";
import classes from "./plan.module.css";
import renewal from "./renewal.module.css";
import { formatKeyMade, ISSUER_KINDS, SERVER_NAMES } from "./words.ts";

/**
 * A certificate of a host that is renewed: the old and the new one, the files, the services, and how it is verified.
 */
export function CertificateLine({ change, isOpen }: { change: Replacement; isOpen: boolean }) {
  const { subject, names, notAfter, issuer } = change;
  return (
    <li className={classes.file}>
      <details open={isOpen}>
        <summary className={classes.fileHead}>
          <span className={classes.sign}>~</span>
          <IconCertificate size={14} aria-hidden />
          <span className={classes.path}>
            <Untrusted text={subject || names[0] || "no name"} />
          </span>
          <span className={classes.dim}>
            renewed by <Untrusted text={issuer.name} limit={80} />
          </span>
          <ExpiryTag notAfter={notAfter} />
        </summary>
        <div className={renewal.facts}>
          <Facts>
            <About change={change} />
            <Fact name="Files">
              <ul className={renewal.list}>
                {change.files.map((file) => (
                  <OneFile key={file.path} file={file} />
                ))}
              </ul>
            </Fact>
            <Fact name="Servers">
              <ul className={renewal.list}>
                {change.services.map((service) => (
                  <OneServer key={`${service.server} ${service.where}`} service={service} />
                ))}
              </ul>
            </Fact>
            <Fact name="Verified at">
              <Verifications endpoints={change.verificationEndpoints} />
            </Fact>
          </Facts>
        </div>
      </details>
    </li>
  );
}

function About({ change: { old, names, notAfter, issuer, trust, key, challenge } }: { change: Replacement }) {
  return (
    <>
      <Fact name="Names">
        <Untrusted text={names.join(", ") || "none"} limit={2_000} />
      </Fact>
      <Fact name="The old one">
        <Fingerprint value={old} /> ends <Exactly instant={notAfter} />.{" "}
        <TextLink>
          <Link to="/certificates" search={{ open: old }}>
            Show it
          </Link>
        </TextLink>
      </Fact>
      {trust && (
        <Fact name="Old issuer">
          <Untrusted text={formatKnownChain(trust.old)} limit={400} />
        </Fact>
      )}
      <Fact name="New issuer">
        <Untrusted text={issuer.name} limit={80} />, {ISSUER_KINDS[issuer.kind]}
        {trust && (
          <>
            : <Untrusted text={formatNextChain(trust)} limit={400} />
          </>
        )}
      </Fact>
      {challenge && (
        <Fact name="Challenge">
          <Untrusted text={formatChallengeMethod(challenge)} limit={600} />
        </Fact>
      )}
      <Fact name="New key">{formatKeyMade(key)}</Fact>
    </>
  );
}

function OneFile({ file }: { file: DeploymentFile }) {
  const { path, real, owner, mode } = file;
  return (
    <li>
      <Untrusted text={path} isMono />
      {real !== path && (
        <>
          {" "}
          is <Untrusted text={real} isMono />
        </>
      )}
      <p className={classes.dim}>
        {formatHolds(file)}; stays of <Untrusted text={`${owner}, ${mode}`} limit={80} />
      </p>
    </li>
  );
}

function OneServer({ service: { server, where, test, reload, described } }: { service: Service }) {
  return (
    <li>
      {SERVER_NAMES[server]}{" "}
      <span className={classes.dim}>
        <Untrusted text={where} isMono />
      </span>
      <p className={classes.dim}>
        {test === "staged" || described?.test ? "tests the new files first; " : "has no test for them; "}
        reloaded by <Untrusted text={reload} limit={300} />
      </p>
    </li>
  );
}

function Verifications({ endpoints }: { endpoints: readonly VerificationEndpoint[] }) {
  if (endpoints.length === 0)
    return (
      <span className={renewal.verification}>
        <IconShieldQuestion size={14} className={classes.unverified} aria-hidden />
        Nowhere: no endpoint is known that serves it
      </span>
    );
  return (
    <ul className={renewal.list}>
      {endpoints.map((endpoint) => (
        <li key={formatServedVerification(endpoint)} className={renewal.verification}>
          <IconShieldCheck size={14} className={classes.verified} aria-hidden />
          <span>
            at <Untrusted text={formatServedVerification(endpoint)} limit={300} isMono />
            <span className={classes.dim}>
              {endpoint.from === "host" ? ", from the host itself" : ", from here"}
              {endpoint.serverName === null && ", without a name"}
            </span>
          </span>
        </li>
      ))}
    </ul>
  );
}

/** A server of a host that is reloaded: how, and what each of its endpoints serves now and afterwards. */
export function ServerLine({ server, isOpen }: { server: ReloadedServer; isOpen: boolean }) {
  const { service, endpoints } = server;
  const changes = endpoints.map((endpoint) => ({ endpoint, change: toPresentedChange(endpoint, server) }));
  const changed = changes.filter(({ change }) => !change.stays && change.whyUnknown === null);
  return (
    <li className={classes.file}>
      <details open={isOpen}>
        <summary className={classes.fileHead}>
          <span className={classes.sign}>~</span>
          <IconServer size={14} aria-hidden />
          <span className={classes.path}>
            {SERVER_NAMES[service.server]} <Untrusted text={service.where} isMono />
          </span>
          <span className={classes.dim}>
            {changed.length} of {endpoints.length} endpoints change
          </span>
        </summary>
        <div className={renewal.facts}>
          <Facts>
            <Fact name="Test first">{formatOwnTest(server)}</Fact>
            <Fact name="Reloaded by">
              <Untrusted text={service.reload} limit={300} />
            </Fact>
            <Fact name="Served">
              <ul className={renewal.list}>
                {changes.map(({ endpoint, change }) => (
                  <OneEndpoint key={formatServedVerification(endpoint)} endpoint={endpoint} change={change} />
                ))}
              </ul>
            </Fact>
          </Facts>
        </div>
      </details>
    </li>
  );
}

function OneEndpoint({ endpoint, change }: { endpoint: ReloadEndpoint; change: PresentedChange }) {
  const { now, next, stays, whyUnknown } = change;
  return (
    <li>
      <Untrusted text={formatServedVerification(endpoint)} limit={300} isMono />
      <div className={renewal.presented}>
        {now === null ? (
          <span className={classes.dim}>not known now</span>
        ) : (
          <OneCertificate certificate={now} />
        )}
        {whyUnknown !== null && (
          <span className={classes.dim}>
            what is served afterwards is not known: <Untrusted text={whyUnknown} limit={300} />
          </span>
        )}
        {stays && <span className={classes.dim}>unchanged</span>}
        {!stays && next.length > 0 && (
          <>
            <IconArrowRight size={14} role="img" aria-label="is replaced by" />
            {next.map((certificate, nth) => (
              <Fragment key={certificate.sha256}>
                {nth > 0 && <span className={classes.dim}>or</span>}
                <OneCertificate certificate={certificate} />
              </Fragment>
            ))}
          </>
        )}
      </div>
    </li>
  );
}

const OneCertificate = ({
  certificate: { sha256, subject, notAfter },
}: {
  certificate: NamedCertificate;
}) => (
  <span className={renewal.verification}>
    <TextLink>
      <Link to="/certificates" search={{ open: sha256 }}>
        <Untrusted text={subject || sha256.slice(0, 12)} limit={120} />
      </Link>
    </TextLink>
    <span className={classes.dim}>
      <Untrusted text={`(${sha256.slice(0, 12)})`} isMono />
    </span>
    {notAfter !== null && <ExpiryTag notAfter={notAfter} />}
  </span>
);
