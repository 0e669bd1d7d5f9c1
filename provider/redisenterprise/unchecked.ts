import { uncheckedNote } from "../core/texts/sentences";

/** Reasons of failed reads. */
export interface Unread {
  readonly cluster?: string | undefined;
  readonly policy?: string | undefined;
  readonly crdbTasks?: string | undefined;
}

/** The conditions of an upgrade that could not be checked, as sentences. */
export function uncheckedIn({ unread = {} }: { readonly unread?: Unread }): string[] {
  const { cluster, policy, crdbTasks: tasks } = unread;
  return [
    ...(cluster === undefined ? [] : [uncheckedNote("Whether the cluster is being upgraded", cluster)]),
    ...(policy === undefined ? [] : [uncheckedNote("The upgrade policy of the cluster", policy)]),
    ...(tasks === undefined ? [] : [uncheckedNote("The list of tasks of Active-Active databases", tasks)]),
  ];
}
