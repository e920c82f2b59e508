import { Button } from "@mantine/core";
import { IconCircleCheck, IconLogin2, IconShieldCheck } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery, useMutation, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import { useApi } from "#renderer/api/connection.ts";
import { LOGIN_KEYS } from "#renderer/api/filter-keys.ts";
import { ScanButton } from "#renderer/api/scan-button.tsx";
import { fetchAll, useRows } from "#renderer/api/use-rows.ts";
import { LOGIN_COLUMNS, OBSERVED_COLUMNS, ObservedDetails } from "#renderer/ui/account.tsx";
import { AcceptDialog } from "#renderer/ui/dialog.tsx";
import { Drawer } from "#renderer/ui/drawer/drawer.tsx";
import { ErrorState } from "#renderer/ui/panel.tsx";
import { SeverityTag } from "#renderer/ui/severity.tsx";
import { Facet, FixedFacet, ToggleFacet } from "#renderer/ui/table/filters.tsx";
import { ListScreen, Nothing } from "#renderer/ui/table/list-screen.tsx";
import { beginLarge, TextLink, Untrusted } from "#renderer/ui/text.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import {
  EntryMethod,
  type LoginObservation,
  type LoginObservationDetail,
  LoginRule,
} from "#shared/model/access/login.ts";
import { formatLearning, formatLearningCounts, LOGIN_RULES } from "#shared/text/access/login.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatAccount } from "#shared/text/hosts/target.ts";
import { loginCommands, observedCommands } from "#shared/text/list-commands.ts";
import classes from "./logins.module.css";

const route = getRouteApi("/logins");
type Search = ReturnType<typeof route.useSearch>;
type OnChange = (patch: Partial<Search>, replace?: boolean) => void;

const METHODS = EntryMethod.options.map((value) => ({ value, label: value }));
const RULES = LoginRule.options.map((value) => ({ value, label: beginLarge(LOGIN_RULES[value]) }));

/** Logins by day; or those of them that stand out, each with what shows it. */
export function LoginsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const change: OnChange = (patch, replace = true) =>
    void navigate({ to: ".", search: (before: Search) => ({ ...before, ...patch }), replace });
  const clear = () =>
    void navigate({ to: ".", search: search.observed ? { observed: true } : {}, replace: true });
  return search.observed || search.accepted ? (
    <ObservedLogins search={search} onChange={change} onClear={clear} />
  ) : (
    <LoginDays search={search} onChange={change} onClear={clear} />
  );
}

type ListProps = { search: Search; onChange: OnChange; onClear: () => void };

function LoginDays({ search, onChange, onClear }: ListProps) {
  const { logins } = useApi();
  const navigate = route.useNavigate();
  const input = {
    ...whereOf(search),
    method: search.method ?? null,
    since: search.since ?? null,
    until: search.until ?? null,
    sort: { by: "day" as const, descending: search.descending ?? true },
  };
  const list = useRows(
    useInfiniteQuery(
      logins.list.infiniteOptions({
        input: (after: string | null) => ({ ...input, after }),
        initialPageParam: null,
        getNextPageParam: ({ next }) => next,
        placeholderData: keepPreviousData,
      }),
    ),
  );
  const open = (id: string | null) => {
    const account = list.rows.find((row) => String(row.id) === id)?.accountId;
    if (account) void navigate({ to: "/accounts", search: { open: account } });
  };
  return (
    <ListScreen
      name="logins"
      columns={LOGIN_COLUMNS}
      list={list}
      rowId={({ id }) => String(id)}
      sort={input.sort}
      onSort={({ descending }) => onChange({ descending })}
      address={search}
      filterKeys={LOGIN_KEYS}
      searchHint="Search accounts, addresses, keys, hosts"
      onFilter={onChange}
      openId={null}
      onOpen={open}
      fetchAll={() => fetchAll((after) => logins.list.call({ ...input, after, limit: 1_000 }))}
      commands={loginCommands(input)}
      filters={
        <>
          <StandsOut search={search} onChange={onChange} />
          <Facet
            title="Method"
            value={search.method}
            options={METHODS}
            onChange={(method) => onChange({ method })}
          />
          <Fixed search={search} onChange={onChange} />
        </>
      }
      empty={
        <Nothing
          Icon={IconLogin2}
          one="login"
          search={search}
          onClear={onClear}
          title="No login is known yet"
          why="A scan reads the logs of a host as root: who logged in, by which key and from where, as far as they reach."
          action={<ScanButton>Scan hosts</ScanButton>}
        />
      }
      drawer={null}
    />
  );
}

const whereOf = ({ search = "", host = null, account = null, from = null }: Search) => ({
  search,
  host: host ?? null,
  account: account ?? null,
  from: from ?? null,
});

/** How many stand out, whichever list is shown. */
function StandsOut({ search, onChange }: { search: Search; onChange: OnChange }) {
  const { logins } = useApi();
  const { data } = useQuery(logins.observed.queryOptions({ input: { limit: 1 } }));
  const keep = { search: undefined, method: undefined, since: undefined, until: undefined, rule: undefined };
  return (
    <ToggleFacet
      title="Stands out"
      count={data?.total}
      isOn={search.observed ?? false}
      onChange={(isOn) =>
        onChange({ ...keep, observed: isOn || undefined, accepted: undefined, open: undefined }, false)
      }
    />
  );
}

function Fixed({ search, onChange }: { search: Search; onChange: OnChange }) {
  return (
    <>
      {search.host && (
        <FixedFacet title="Host" value={search.host} onDrop={() => onChange({ host: undefined })} />
      )}
      {search.account && (
        <FixedFacet title="Account" value={search.account} onDrop={() => onChange({ account: undefined })} />
      )}
      {search.from && (
        <FixedFacet title="From" value={search.from} onDrop={() => onChange({ from: undefined })} />
      )}
    </>
  );
}

function ObservedLogins({ search, onChange, onClear }: ListProps) {
  const { logins } = useApi();
  const input = {
    ...whereOf(search),
    rule: search.rule ?? null,
    accepted: search.accepted ?? false,
    sort: { by: search.sort ?? ("severity" as const), descending: search.descending ?? true },
  };
  const list = useRows(
    useInfiniteQuery(
      logins.observed.infiniteOptions({
        input: (after: string | null) => ({ ...input, after }),
        initialPageParam: null,
        getNextPageParam: ({ next }) => next,
        placeholderData: keepPreviousData,
      }),
    ),
  );
  const learning = useQuery(logins.learning.queryOptions({ input: { host: search.host ?? null } })).data;
  const tooFew = learning && formatLearning(learning);
  return (
    <ListScreen
      name="logins that stand out"
      columns={OBSERVED_COLUMNS}
      list={list}
      rowId={({ id }) => String(id)}
      sort={input.sort}
      onSort={({ by, descending }) => onChange({ sort: by as NonNullable<Search["sort"]>, descending })}
      address={search}
      filterKeys={LOGIN_KEYS}
      searchHint="Search accounts, addresses, keys, hosts"
      onFilter={onChange}
      openId={search.open === undefined ? null : String(search.open)}
      onOpen={(id, { isWalk }) => onChange({ open: id === null ? undefined : Number(id) }, isWalk)}
      fetchAll={() => fetchAll((after) => logins.observed.call({ ...input, after, limit: 1_000 }))}
      commands={observedCommands(input)}
      actions={(rows, clear) => <AcceptAction logins={rows} onDone={clear} />}
      filters={
        <>
          <StandsOut search={search} onChange={onChange} />
          <Facet title="Why" value={search.rule} options={RULES} onChange={(rule) => onChange({ rule })} />
          <ToggleFacet
            title="Accepted"
            count={undefined}
            isOn={search.accepted ?? false}
            onChange={(isOn) => onChange({ accepted: isOn || undefined })}
          />
          <Fixed search={search} onChange={onChange} />
          {learning && tooFew && (
            <span className={classes.learning} title={tooFew}>
              Not enough logs yet: {formatLearningCounts(learning)}
            </span>
          )}
        </>
      }
      empty={
        <Nothing
          Icon={IconShieldCheck}
          one="login"
          search={{ ...search, observed: undefined }}
          onClear={onClear}
          title="No login stands out"
          why={
            tooFew
              ? beginLarge(tooFew)
              : "On hosts whose logs cover 30 days, every login is as it was in the first of these."
          }
        />
      }
      drawer={
        search.open !== undefined && (
          <ObservedDrawer id={search.open} onClose={() => onChange({ open: undefined })} />
        )
      }
    />
  );
}

function AcceptAction({ logins, onDone }: { logins: readonly LoginObservation[]; onDone: () => void }) {
  const [isAsking, setIsAsking] = useState(false);
  return (
    <>
      <Button
        variant="subtle"
        size="compact-sm"
        leftSection={<IconCircleCheck size={15} />}
        onClick={() => setIsAsking(true)}
      >
        Accept
      </Button>
      {isAsking && <AcceptLogins logins={logins} onClose={() => setIsAsking(false)} onDone={onDone} />}
    </>
  );
}

type AcceptProps = { logins: readonly LoginObservation[]; onClose: () => void; onDone?: () => void };

function AcceptLogins({ logins, onClose, onDone }: AcceptProps) {
  const { mutate, error, isPending } = useMutation(useApi().logins.accept.mutationOptions());
  const accept = (reason: string, until: string) =>
    mutate(
      { ids: logins.map(({ id }) => id), reason, until },
      {
        onSuccess: ({ accepted }) => {
          toast(`${formatCount(accepted, "login")} accepted until ${until}`);
          onDone?.();
          onClose();
        },
      },
    );
  return (
    <AcceptDialog
      title={`Accept ${formatCount(logins.length, "login")}`}
      note="It counts no more until that day, unless a surer log shows it or it weighs more than now. The audit log keeps the reason."
      placeholder="the new office, ticket 812"
      before={logins.length === 1 ? (logins[0]?.acceptance ?? null) : null}
      error={error}
      isPending={isPending}
      onAccept={accept}
      onClose={onClose}
    />
  );
}

function ObservedDrawer({ id, onClose }: { id: number; onClose: () => void }) {
  const { data, error } = useQuery(useApi().logins.find.queryOptions({ input: { id } }));
  return (
    <Drawer
      label="login"
      title={data ? <Untrusted text={formatAccount(data)} /> : "Login"}
      subtitle={data && <SeverityTag severity={data.severity} />}
      onClose={onClose}
    >
      {error && <ErrorState doing="show this login" error={error} />}
      {data && (
        <ObservedDetails login={data}>
          <Actions login={data} />
        </ObservedDetails>
      )}
    </Drawer>
  );
}

function Actions({ login }: { login: LoginObservationDetail }) {
  const [isAsking, setIsAsking] = useState(false);
  const { mutate, isPending } = useMutation(useApi().logins.unaccept.mutationOptions());
  const { id, accountId, acceptance, host, account } = login;
  return (
    <div className={classes.actions}>
      <Button variant="default" size="xs" onClick={() => setIsAsking(true)}>
        {acceptance ? "Accept anew" : "Accept"}
      </Button>
      {acceptance && (
        <Button
          variant="default"
          size="xs"
          loading={isPending}
          onClick={() => mutate({ ids: [id] }, { onSuccess: () => toast("It counts again") })}
        >
          Withdraw
        </Button>
      )}
      {accountId !== null && (
        <TextLink>
          <Link to="/accounts" search={{ open: accountId }}>
            Its account
          </Link>
        </TextLink>
      )}
      <TextLink>
        <Link to="/logins" search={{ host, account }}>
          Its logins
        </Link>
      </TextLink>
      {isAsking && <AcceptLogins logins={[login]} onClose={() => setIsAsking(false)} />}
    </div>
  );
}
