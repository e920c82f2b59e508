import { SegmentedControl, useMantineColorScheme } from "@mantine/core";
import { Panel } from "#renderer/ui/panel.tsx";
import { usePreferences } from "#renderer/ui/preferences.tsx";
import classes from "./settings.module.css";

// Mantine would stop transitions by a <style> element, which the page's policy refuses: they are kept.
export function AppearancePanel() {
  const { colorScheme, setColorScheme } = useMantineColorScheme({ keepTransitions: true });
  const { density, setDensity } = usePreferences();
  return (
    <Panel title="Appearance">
      <div className={classes.row}>
        <span className={classes.name}>Theme</span>
        <SegmentedControl
          aria-label="Theme"
          size="xs"
          transitionDuration={0}
          value={colorScheme}
          onChange={setColorScheme}
          data={[
            { value: "auto", label: "As the system" },
            { value: "light", label: "Light" },
            { value: "dark", label: "Dark" },
          ]}
        />
      </div>
      <div className={classes.row}>
        <span className={classes.name}>Rows</span>
        <SegmentedControl
          aria-label="Rows"
          size="xs"
          transitionDuration={0}
          value={density}
          onChange={setDensity}
          data={[
            { value: "comfortable", label: "Comfortable" },
            { value: "compact", label: "Compact" },
          ]}
        />
      </div>
    </Panel>
  );
}
