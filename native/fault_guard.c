/*
 * fault_guard.c
 *	  Turns a memory fault inside one call into an answer.
 *
 * A mapped file that is truncated, damaged or on a failing disk shows itself as
 * SIGBUS or SIGSEGV where it is read, and PostgreSQL would restart every session
 * for that.  So the handlers of the two signals are exchanged for the time of the
 * guarded call, and one of them leaves the call with siglongjmp.  What the call
 * had open stays open; its caller knows what that is.
 *
 * The guarded code must not raise errors, allocate from a memory context, take
 * locks of PostgreSQL or start threads.
 *
 * Threads: used by a backend's only thread of ours.  Another library may have
 * threads in the process whose faults are its business (a JVM takes SIGSEGV on
 * purpose), so a fault of any other thread goes to the handler that was there.
 * Locks: none.
 */
#include "prelude.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>

#include "fault_guard.h"

static sigjmp_buf guard_jump;
static pthread_t guard_thread;
static volatile sig_atomic_t guard_armed = 0;
static PgraftFault *guard_fault = NULL;

/* SIGBUS and SIGSEGV as they were before the call. */
static struct sigaction previous_bus;
static struct sigaction previous_segv;

/* Hands a signal that is not ours to the handler that was there. */
static void
pass_on(int signal_number, siginfo_t *info, void *context)
{
	struct sigaction *previous =
		signal_number == SIGBUS ? &previous_bus : &previous_segv;

	if (previous->sa_flags & SA_SIGINFO)
		previous->sa_sigaction(signal_number, info, context);
	else if (previous->sa_handler != SIG_DFL && previous->sa_handler != SIG_IGN)
		previous->sa_handler(signal_number);
	else
	{
		/* A fault comes again on return; a signal that was sent does not. */
		sigaction(signal_number, previous, NULL);
		if (info->si_code <= 0)
			raise(signal_number);
	}
}

static void
fault_handler(int signal_number, siginfo_t *info, void *context)
{
	if (!guard_armed || info->si_code <= 0 ||
		!pthread_equal(pthread_self(), guard_thread))
	{
		pass_on(signal_number, info, context);
		return;
	}
	guard_armed = 0;
	guard_fault->address = info->si_addr;
	strlcpy(guard_fault->text,
			signal_number == SIGBUS ? "reading a page of it failed (SIGBUS)" :
			"it points outside itself (SIGSEGV)",
			sizeof(guard_fault->text));
	siglongjmp(guard_jump, 1);
}

/* For a library's assertion hook; returns when no guarded call is under way. */
void
pgraft_guard_assertion(const char *message)
{
	if (!guard_armed)
		return;
	guard_armed = 0;
	guard_fault->address = NULL;
	strlcpy(guard_fault->text, message, sizeof(guard_fault->text));
	siglongjmp(guard_jump, 1);
}

/*
 * Calls body(argument).  True: *result is what it returned.  False: it was left
 * in the middle, and *fault says why.
 */
bool
pgraft_guarded(PgraftGuarded body, void *argument, int *result,
			   PgraftFault *fault)
{
	struct sigaction action;
	volatile bool finished = false;

	memset(&action, 0, sizeof(action));
	action.sa_sigaction = fault_handler;
	/* The handler does not return, so the signal must not stay blocked. */
	action.sa_flags = SA_SIGINFO | SA_NODEFER;
	sigemptyset(&action.sa_mask);

	guard_thread = pthread_self();
	guard_fault = fault;
	sigaction(SIGBUS, &action, &previous_bus);
	sigaction(SIGSEGV, &action, &previous_segv);

	if (sigsetjmp(guard_jump, 0) == 0)
	{
		guard_armed = 1;
		pg_compiler_barrier();
		*result = body(argument);
		pg_compiler_barrier();
		guard_armed = 0;
		finished = true;
	}

	sigaction(SIGSEGV, &previous_segv, NULL);
	sigaction(SIGBUS, &previous_bus, NULL);
	return finished;
}
