import { Modal } from "@mantine/core";
import { Fragment } from "react";
import classes from "./frame.module.css";
import { SCREENS } from "./screens.ts";

const GROUPS = [
  {
    title: "Anywhere",
    keys: [
      [["c"], "Scan"],
      [["?"], "Keyboard shortcuts"],
      ...SCREENS.map(({ key, name }) => [["g", key], name] as const),
    ],
  },
  {
    title: "In a list",
    keys: [
      [["/"], "Search"],
      [["j"], "Next row"],
      [["k"], "Previous row"],
      [["Enter"], "Open the row"],
      [["Space"], "Peek at the row"],
      [["]"], "Next, with the drawer open"],
      [["["], "Previous, with the drawer open"],
      [["x"], "Select the row"],
      [["Shift", "↓"], "Extend the selection"],
      [["Ctrl", "a"], "Select all rows"],
      [["e"], "Export the view as CSV"],
      [["Esc"], "Close, or clear the selection"],
    ],
  },
] as const;

export function Shortcuts({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  return (
    <Modal
      opened={isOpen}
      onClose={onClose}
      title="Keyboard shortcuts"
      size={640}
      lockScroll={false}
      transitionProps={{ duration: 100, transition: "fade" }}
    >
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
    </Modal>
  );
}
