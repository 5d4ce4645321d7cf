import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/** Unfolds a `details` element when something in it must be seen. Only the reader folds it again. */
export function useOpenWhen(isNeeded: boolean): RefObject<HTMLDetailsElement | null> {
  const details = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    if (isNeeded && details.current) details.current.open = true;
  }, [isNeeded]);
  return details;
}
