/** Argument by which an executable of ours knows that it was started to send a console event, and nothing else. */
export const consoleHelperFlag = '--mainstay-console-event';
