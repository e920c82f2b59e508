import { Drawer } from "#renderer/ui/drawer/drawer.tsx";
import { DrawerTabs } from "#renderer/ui/drawer/drawer-tabs.tsx";
import { ErrorState } from "#renderer/ui/states.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { ExpiryTag } from "#renderer/ui/when.tsx";
import classes from "./certificates.module.css";
import { nameOf } from "./columns.tsx";
import { useCertificate } from "./queries.ts";
import { RenewAction } from "./renew-action.tsx";
import { TABS, type TabName } from "./tabs.ts";

export function CertificateDrawer({
  sha256,
  tab,
  onTab,
  onClose,
}: {
  sha256: string;
  tab: TabName | undefined;
  onTab: (tab: TabName) => void;
  onClose: () => void;
}) {
  const { data, error } = useCertificate(sha256);
  return (
    <Drawer
      label="certificate"
      title={data ? <Untrusted text={nameOf(data)} /> : "Certificate"}
      subtitle={data && <ExpiryTag notAfter={data.notAfter} />}
      onClose={onClose}
    >
      {error && <ErrorState doing="show this certificate" error={error} />}
      {data && !data.isCa && (
        <div className={classes.actions}>
          <RenewAction certificates={[data]} look={{ variant: "default", size: "xs" }} />
        </div>
      )}
      {data && (
        <DrawerTabs
          label="Parts of the certificate"
          tabs={TABS.map(({ name, title, Tab }) => ({
            name,
            title,
            render: () => <Tab key={sha256} certificate={data} />,
          }))}
          open={tab}
          onOpen={onTab}
        />
      )}
    </Drawer>
  );
}
