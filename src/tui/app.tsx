import { Box, Text, useInput, useStdin } from 'ink';
import { memo, type ReactElement, useCallback, useSyncExternalStore } from 'react';
import { keysOf } from './keys.js';
import type { Session } from './session.js';

/** The screen: one text a row, of which React renders those that changed. */
export function App({ session }: { readonly session: Session }): ReactElement {
  const subscribe = useCallback((listener: () => void) => session.subscribe(listener), [session]);
  const rows = useSyncExternalStore(subscribe, () => session.rows);
  const { isRawModeSupported } = useStdin();
  useInput((input, key) => session.press(keysOf(input, key)), { isActive: isRawModeSupported });
  return (
    <Box flexDirection="column" height={rows.length}>
      {rows.map((text, index) => (
        // A row is its place on the screen.
        <Row key={index} text={text} />
      ))}
    </Box>
  );
}

const Row = memo(({ text }: { readonly text: string }) => (
  <Text wrap="truncate">{text === '' ? ' ' : text}</Text>
));
