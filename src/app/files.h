/* How many files the process may open, and what that means for the requests in flight. */
#ifndef POSTROOM_APP_FILES_H
#define POSTROOM_APP_FILES_H

/* The concurrency that fits into RLIMIT_NOFILE, which is raised as far as the system lets it: the
 * configured one, or less with a line in the log. A connection that cannot be opened for want of
 * files would look like a provider that is down, and park the lane for every worker. Main's thread,
 * before others run. */
int files_fit(int concurrency);

#endif
