import { Portal } from "@mantine/core";
import { useEffect } from "react";
import classes from "./print-page.module.css";

type Props = { text: string; onDone: () => void };

/** A page of text that is printed as soon as it is there, and nothing else of the window with it. */
export const PrintPage = (props: Props) => (
  <Portal reuseTargetNode={false}>
    <Printed {...props} />
  </Portal>
);

/** Inside the portal, which is mounted a moment later. */
function Printed({ text, onDone }: Props) {
  useEffect(() => {
    window.addEventListener("afterprint", onDone, { once: true });
    window.print();
    return () => window.removeEventListener("afterprint", onDone);
  }, [onDone]);
  return <pre className={classes.page}>{text}</pre>;
}
