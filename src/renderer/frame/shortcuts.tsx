import { useRouter } from "@tanstack/react-router";
import { Fragment, useEffect } from "react";
import { tinykeys } from "tinykeys";
import { Dialog } from "#renderer/ui/dialog.tsx";
import { isForPage } from "#renderer/ui/use-keys.ts";
import classes from "./frame.module.css";
import { SCREENS } from "./screens.ts";

const GROUPS = [
  {
    title: "Anywhere",
    keys: [
      [["Ctrl", "k"], "Find anything"],
      [["c"], "Scan"],
      [["Ctrl", "i"], "Inspect a file"],
      [["?"], "Keyboard shortcuts"],
      [["Ctrl", "l"], "Lock the vault"],
      ...SCREENS.map(({ key, name }) => [["g", key], name] as const),
    ],
  },
  {
    title: "In a list",
    keys: [
      [["/"], "Search"],
      [["Ctrl", "Space"], "Filters that can be typed in the search"],
      [["Enter"], "From the search into the list; ↓ too"],
      [["Esc"], "Leave the search, and keep its text"],
      [["j"], "Next row"],
      [["k"], "Previous row"],
      [["→"], "Next cell of the row; ← the one before"],
      [["Enter"], "Open the row"],
      [["Space"], "Peek at the row"],
      [["]"], "Next, with the drawer open"],
      [["["], "Previous, with the drawer open"],
      [["x"], "Select the row"],
      [["Shift", "↓"], "Extend the selection"],
      [["Ctrl", "a"], "Select all rows"],
      [["Ctrl", "c"], "Copy the cell, the row or the selection"],
      [["."], "Copy as text, as JSON, or as the command line"],
      [["→"], "Widen a column, on its edge"],
      [["Shift", "→"], "Move a column, on its edge"],
      [["e"], "Export the view as CSV"],
      [["r"], "Rotate the key, or renew the certificate, where one is listed"],
      [["d"], "Remove the grant, where one is listed"],
      [["Esc"], "Close, or clear the selection"],
    ],
  },
  {
    title: "With a plan",
    keys: [
      [["Ctrl", "Shift", "p"], "Preview it, or make it anew"],
      [["Ctrl", "Enter"], "Apply it"],
    ],
  },
] as const;

export function Shortcuts({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  return (
    <Dialog title="Keyboard shortcuts" isOpen={isOpen} onClose={onClose} width={660}>
      <div className={classes.groups}>
        {GROUPS.map(({ title, keys }) => (
          <section key={title}>
            <h3 className={classes.groupTitle}>{title}</h3>
            <dl className={classes.keys}>
              {keys.map(([names, does]) => (
                <div key={does} className={classes.keyRow}>
                  <dt>{does}</dt>
                  <dd>
                    {names.map((name) => (
                      <Fragment key={name}>
                        <kbd>{name}</kbd>{" "}
                      </Fragment>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}

type Actions = {
  requestScan: () => void;
  openHelp: () => void;
  openInspect: () => void;
  openPalette: () => void;
};

/**
 * The keys that work on every screen: `g` and a letter to go somewhere, and the keys of the header's buttons. The
 * sequence stands first: the letter that ends it does nothing else. It is one binding for all letters, since tinykeys 4
 * forgets the sequences that stand after the one that fired.
 */
export function useFrameKeys({ requestScan, openHelp, openInspect, openPalette }: Actions): void {
  // Not useNavigate, which is another function after each move: subscribing anew forgets a `g` that was pressed.
  const router = useRouter();
  useEffect(() => {
    const onPage = (act: (key: string) => void) => (event: KeyboardEvent) => {
      event.preventDefault();
      act(event.key.toLowerCase());
    };
    const goTo = (key: string) => {
      const screen = SCREENS.find((each) => each.key === key);
      if (screen) void router.navigate({ to: screen.to });
    };
    return tinykeys(
      window,
      {
        [`g ([${SCREENS.map(({ key }) => key).join("")}])`]: onPage(goTo),
        c: onPage(() => requestScan()),
        s: onPage(() => requestScan()),
        "[Shift]+?": onPage(openHelp),
        "$mod+i": onPage(openInspect),
        "$mod+,": onPage(goTo),
      },
      // Before a list's own keys get the letter that ends a sequence.
      { ignore: (event) => !isForPage(event), capture: true },
    );
  }, [router, requestScan, openHelp, openInspect]);
  useEffect(
    () =>
      // From within a field of a list's search, too.
      tinykeys(
        window,
        {
          "$mod+k": (event) => {
            event.preventDefault();
            openPalette();
          },
        },
        { capture: true, ignore: () => document.querySelector('[role="dialog"]') !== null },
      ),
    [openPalette],
  );
}
