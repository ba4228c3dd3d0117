/* Named points at which a test ends or stops this process, or a thread of it. They exist only in
 * builds with POSTROOM_FAULTS (`make build/fault/postroom` and the sanitizers'); a release has
 * none.
 *
 *   POSTROOM_FAULT=POINT:N[:kill|stop|abort|FILE]   at the N-th pass of POINT: SIGKILL (default),
 *                                                   SIGSTOP or SIGABRT; or this thread takes the
 *                                                   file away and waits until it is there again;
 *                                                   N+: at each pass after the N-th, too
 *
 * The points are the steps of a send at which a crash leaves something different behind:
 *   K1   before a claim is made or committed
 *   K2   claimed, no request stored
 *   K2S  request stored, not handed to the network
 *   K6   an answer is read, nothing of it written
 *   K6B  handed over to be written beside (worker/scribe.h), nothing of it written
 *   K7B  committed there, the loop not told
 *   K7   its outcome is committed, nobody told
 * Any thread. */
#ifndef POSTROOM_BASE_FAULT_H
#define POSTROOM_BASE_FAULT_H

#ifdef POSTROOM_FAULTS
void fault_point(const char *name);
#else
#define fault_point(name) ((void)0)
#endif

#endif
