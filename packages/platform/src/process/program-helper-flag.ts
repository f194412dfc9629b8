/** Argument by which an executable of ours knows that it was started to reach a running program, and for nothing else. */
export const programHelperFlag = '--mainstay-reach-program';
