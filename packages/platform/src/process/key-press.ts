/**
 * One press of Ctrl-C can arrive more than once: the terminal signals every process of its foreground group (tty_ioctl(4),
 * termios(3): ISIG), and launchers such as npm forward what they got as well. What comes within this time of the first is
 * the same press, in milliseconds; a person who wants to force a stop presses again later than that.
 */
export const sameKeyPressMs = 500;

/**
 * Calls back once for each press of a key, however often its signal arrives.
 *
 * @param monotonic milliseconds, of a clock that only goes forward
 */
export function oncePerKeyPress(
  pressed: () => void,
  monotonic: () => number = () => performance.now(),
): () => void {
  let lastAt = -Infinity;
  return () => {
    const at = monotonic();
    if (at - lastAt < sameKeyPressMs) return;
    lastAt = at;
    pressed();
  };
}
