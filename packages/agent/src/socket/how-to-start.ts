/** What people are told who find no agent. */
export const howToStart =
  'start one with `mainstay up` in the folder of your mainstay.yaml, or with `mainstay agent install`';
