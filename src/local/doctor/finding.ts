/** What a check has found. `error`: it will not work, or is open to harm; `warning`: it works, and may surprise. */
export interface Finding {
  level: 'ok' | 'warning' | 'error';
  text: string;
}

export const ok = (text: string): Finding => ({ level: 'ok', text });
export const warning = (text: string): Finding => ({ level: 'warning', text });
export const failure = (text: string): Finding => ({ level: 'error', text });
