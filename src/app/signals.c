/* Handlers do what is safe in them and nothing else: count, write to an eventfd, and after a crash
 * write the terminal's prepared string. */
#include "app/signals.h"

#include "ui/ui.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>

static struct wake wake = {.fd = -1};
static _Atomic int asked;
static _Atomic bool hung_up;

static const int crashes[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGQUIT};

/* A crash may come from an overflown stack. */
static char crash_stack[64 * 1024] __attribute__((aligned(16)));

static void on_ask(int signal_number) {
    (void)signal_number;
    if (atomic_fetch_add(&asked, 1) > 0) {
        signal(SIGINT, SIG_DFL);
        signal(SIGTERM, SIG_DFL);
    }
    wake_up(&wake);
}

static void on_hang_up(int signal_number) {
    (void)signal_number;
    atomic_store(&hung_up, true);
    wake_up(&wake);
}

/* SA_RESETHAND: raised again it is the crash it was. */
static void on_crash(int signal_number) {
    ui_emergency_restore();
    raise(signal_number);
}

static void install(int signal_number, void (*handler)(int), int flags) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    sigemptyset(&action.sa_mask);
    sigaction(signal_number, &action, NULL);
}

static bool is_ignored(int signal_number) {
    struct sigaction action;
    return sigaction(signal_number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static void install_all(void) {
    stack_t stack = {.ss_sp = crash_stack, .ss_size = sizeof crash_stack};
    install(SIGINT, on_ask, 0);
    install(SIGTERM, on_ask, 0);
    if (!is_ignored(SIGHUP)) /* nohup */
        install(SIGHUP, on_hang_up, 0);
    if (sigaltstack(&stack, NULL) != 0)
        return;
    for (size_t i = 0; i < sizeof crashes / sizeof crashes[0]; i++)
        install(crashes[i], on_crash, (int)(SA_ONSTACK | SA_RESETHAND | SA_NODEFER));
}

/* All but those that mean this very thread is broken. */
static void mask(int how) {
    sigset_t set;
    sigfillset(&set);
    for (size_t i = 0; i < sizeof crashes / sizeof crashes[0]; i++)
        sigdelset(&set, crashes[i]);
    pthread_sigmask(how, &set, NULL);
}

bool signals_install(struct err *err) {
    atomic_store(&asked, 0);
    atomic_store(&hung_up, false);
    if (!wake_open(&wake, err))
        return false;
    mask(SIG_BLOCK);
    install_all();
    return true;
}

void signals_let_in(void) {
    mask(SIG_UNBLOCK);
}

void signals_remove(void) {
    install(SIGINT, SIG_DFL, 0);
    install(SIGTERM, SIG_DFL, 0);
    for (size_t i = 0; i < sizeof crashes / sizeof crashes[0]; i++)
        install(crashes[i], SIG_DFL, 0);
    if (!is_ignored(SIGHUP))
        install(SIGHUP, SIG_DFL, 0);
    mask(SIG_UNBLOCK);
    wake_close(&wake);
}

const struct wake *signals_wake(void) {
    return &wake;
}

int signals_asked(void) {
    return atomic_load(&asked);
}

bool signals_hung_up(void) {
    return atomic_load(&hung_up);
}
