import type { LabHost } from "./start-host.ts";

/**
 * There is no service manager on a lab host. This one says that it runs and looks after these processes; it does what their units
 * would, and writes down what it was asked. All else of systemd is untried by it: timers it has none, so whoever wants one
 * finds no systemd-run.
 */
export async function standInForSystemd(
  host: LabHost,
  units: readonly { unit: string; pid: string; reload?: string; restart?: string }[],
): Promise<{ asked(): Promise<string> }> {
  const cases = units.flatMap(({ unit, reload, restart }) => [
    ...(reload ? [`"reload ${unit}") ${reload} ;;`] : []),
    ...(restart ? [`"restart ${unit}") ${restart} ;;`] : []),
    `"show -p CanReload --value ${unit}") echo ${reload ? "yes" : "no"} ;;`,
  ]);
  await host.run(`
    mkdir -p /run/systemd/system
    rm -f /usr/bin/systemd-run
    cat >/usr/bin/systemctl.new <<'END'
#!/bin/sh
case $1 in show) ;; *) echo "$*" >>/run/asked ;; esac
case $* in
${cases.join("\n")}
*) echo "a stand-in for systemctl does not know: $*" >&2; exit 1 ;;
esac
END
    chmod 755 /usr/bin/systemctl.new
    mv /usr/bin/systemctl.new /usr/bin/systemctl
    : >/run/asked
  `);
  for (const { unit, pid } of units)
    await host.run(`
      echo '0::/system.slice/${unit}' >/run/cgroup-${unit}
      mount --bind /run/cgroup-${unit} /proc/${pid}/cgroup
    `);
  return { asked: () => host.run("cat /run/asked") };
}
