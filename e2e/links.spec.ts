import { expect, test } from "./latchkey.ts";

const LISTS = ["Certificates", "Grants", "Accounts", "Hosts", "Scans", "Findings"] as const;

for (const name of LISTS) {
  test(`a link to a row opens its drawer, though no page of the list that is shown holds it: ${name}`, async ({
    openSample,
    sample,
  }) => {
    test.skip(
      !sample.hasHosts && (name === "Grants" || name === "Accounts" || name === "Hosts"),
      "no hosts can be started here",
    );
    const frame = await openSample();
    const list = await frame.goTo(name);
    await list.rows.first().click();
    await list.drawer.getByRole("heading", { level: 3 }).first().waitFor();
    const title = await list.drawer.getByRole("heading", { level: 2 }).textContent();
    const link = await frame.copyLink(list);
    expect(link).not.toContain("launch");
    const open = /[?&]open=([^&]+)$/.exec(link)?.[1];

    await frame.goTo("Today");
    await frame.goToAddress(
      `/${name === "Grants" ? "access" : name.toLowerCase()}?search=nothing-is-so-named&open=${open}`,
    );
    await expect(list.drawer.getByRole("heading", { level: 2 })).toHaveText(title ?? "");
    await expect(list.rows).toHaveCount(0);
  });
}
