import { IconClockOff } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { Fact, Facts, Line, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { Fingerprint } from "#renderer/ui/fingerprint.tsx";
import { Certainty, Tag } from "#renderer/ui/tag.tsx";
import { TextLink, Untrusted } from "#renderer/ui/text.tsx";
import { Exactly, useNow } from "#renderer/ui/when.tsx";
import type { AccountDetail } from "#shared/model/access/account.ts";
import { formatLoginMethod, formatPrincipals } from "#shared/text/access/account.ts";
import { formatWindow } from "#shared/text/access/grant.ts";
import { formatAccountExpiry, formatPassword, formatShut } from "#shared/text/access/password-age.ts";
import { formatCount } from "#shared/text/count.ts";
import classes from "./accounts.module.css";

/** How an account is entered: what opens it, and the last logins by each. */
export function Entries({ account }: { account: AccountDetail }) {
  return (
    <>
      <Entry account={account} />
      <Authorities account={account} />
      <KeyLogins account={account} />
      <OtherLogins account={account} />
    </>
  );
}

function Entry({ account }: { account: AccountDetail }) {
  const { host, name, grantCount, authorityCount, lastLoginAt, logins, others } = account;
  const now = useNow();
  const shut = formatShut(account, now);
  const isLogged = [...logins, ...others].some(({ lastAt }) => lastAt >= (lastLoginAt ?? ""));
  const grants = (
    <TextLink>
      <Link to="/access" search={{ host, account: name }}>
        Its grants
      </Link>
    </TextLink>
  );
  return (
    <Section title="How it is entered" action={grants}>
      <Facts>
        <Fact name="Keys">
          {grantCount === 0
            ? "no grant is known that lets anybody in"
            : `${formatCount(grantCount, "grant")}: each lets somebody in, or may`}
        </Fact>
        <Fact name="Certificates">
          {authorityCount === 0
            ? "none that sshd is known to accept"
            : `of ${formatCount(authorityCount, "authority", "authorities")}`}
        </Fact>
        <Fact name="Password">{formatPassword(account, now)}</Fact>
        <Fact name="Account expires">{formatAccountExpiry(account, now)}</Fact>
        {shut !== null && (
          <Fact name="Can log in">
            <Tag tone="amber" Icon={IconClockOff}>
              Nobody: {shut}
            </Tag>
          </Fact>
        )}
        <Fact name="Last login">
          {lastLoginAt === null ? "none in any log that was read" : <Exactly instant={lastLoginAt} />}
          {lastLoginAt !== null && !isLogged && ", as lastlog or wtmpdb has it; by what is not known"}
        </Fact>
      </Facts>
    </Section>
  );
}

/** Whose certificates open it, and the last login by one. */
function Authorities({ account: { authorities } }: { account: AccountDetail }) {
  if (authorities.length === 0) return null;
  return (
    <Section title="Certificates of" count={authorities.length}>
      <Lines>
        {authorities.map((one) => (
          <Line
            key={`${one.fingerprint} ${one.file}`}
            end={<Certainty isCertain={one.state === "yes"} />}
            below={<AuthorityFacts authority={one} />}
          >
            <Fingerprint value={one.fingerprint} />
          </Line>
        ))}
      </Lines>
    </Section>
  );
}

function AuthorityFacts({ authority }: { authority: AccountDetail["authorities"][number] }) {
  const { comment, principals, file, line, lastAt, lastFrom, count } = authority;
  return (
    <>
      <Untrusted
        text={`${comment || "no comment"}${formatPrincipals(principals)}, ${file}:${line}`}
        limit={240}
      />
      <div>
        {lastAt === null ? (
          "No login by one is in any log that was read."
        ) : (
          <LoginWords login={{ lastAt, lastFrom, count }} />
        )}
      </div>
    </>
  );
}

/** Logins by key, and how far the logs reach that have them. */
function KeyLogins({ account: { logins, authorities, logWindows } }: { account: AccountDetail }) {
  const trusted = new Set(authorities.map(({ fingerprint }) => fingerprint));
  const listed = logins.filter(({ isAuthority, fingerprint }) => !(isAuthority && trusted.has(fingerprint)));
  return (
    <Section title="Logins by key" {...countOf(listed)}>
      <Lines>
        {listed.map(({ fingerprint, isAuthority, ...login }) => (
          <Line
            key={`${fingerprint} ${isAuthority}`}
            end={
              !isAuthority && (
                <TextLink>
                  <Link to="/access" search={{ fingerprint }}>
                    What it opens
                  </Link>
                </TextLink>
              )
            }
            below={<LoginWords login={login} />}
          >
            {isAuthority && "certificates of "}
            <Fingerprint value={fingerprint} />
          </Line>
        ))}
      </Lines>
      {logWindows.length === 0 ? (
        <p className={classes.note}>
          No log of the host is known to have every login by key: one that is not listed may have been.
        </p>
      ) : (
        <>
          <p className={classes.note}>The host's logs have every login by key in these times:</p>
          <ul className={classes.windows}>
            {logWindows.map((window) => (
              <li key={`${window.source} ${window.from}`}>
                <Untrusted text={window.source} isMono />: {formatWindow(window)}
              </li>
            ))}
          </ul>
        </>
      )}
    </Section>
  );
}

/** Logins by password and the like: no log is known to have them all. */
function OtherLogins({ account: { others } }: { account: AccountDetail }) {
  return (
    <Section title="Logins without a key" {...countOf(others)}>
      <Lines>
        {others.map(({ method, by, ...login }) => (
          <Line key={`${method} ${by}`} below={<LoginWords login={login} />}>
            <Untrusted text={formatLoginMethod({ method, by })} limit={120} />
          </Line>
        ))}
      </Lines>
      <p className={classes.note}>
        {others.length === 0
          ? "None in the logs that were read. No log is known to have every one."
          : "As far as the logs have them; there may have been more."}
        {others.some(({ method }) => method === "su") &&
          " Of su, any user of the host can have such lines written."}
      </p>
    </Section>
  );
}

type LoginFacts = { lastAt: string; lastFrom: string | null; count: number };

function LoginWords({ login: { lastAt, lastFrom, count } }: { login: LoginFacts }) {
  return (
    <>
      {formatCount(count, "login")}, the last <Exactly instant={lastAt} />
      {lastFrom !== null && (
        <>
          {" "}
          from <Untrusted text={lastFrom} isMono />
        </>
      )}
    </>
  );
}

/** None that is known is not none that there is: the words say which. */
export const countOf = ({ length }: { length: number }) => (length > 0 ? { count: length } : {});
