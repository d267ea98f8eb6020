/*
 * jvm.c
 *	  The Java virtual machine of the worker, and the calls into it.
 *
 * libjvm is opened here, after the fork, and never anywhere else: a session must
 * not carry a JVM.  The signals that others send are blocked while the JVM is
 * created and during every call, so the JVM's threads inherit the block, and PostgreSQL's signals
 * reach only the main thread, between two rounds.
 *
 * No error of PostgreSQL's is raised while a frame of Java is on the stack.  No
 * exception of Java's gets out of a call: the class that is called catches what it
 * can, the rest makes the engine "sick".
 *
 * The JVM is never destroyed: its process ends, see death.c.
 *
 * Threads: the worker's main thread; the hook that prints, any of the JVM's.
 * Locks: none.
 */
#include "prelude.h"

#include <dlfcn.h>
#include <jni.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>

#include "lib/stringinfo.h"

#include "death.h"
#include "guc.h"
#include "jvm.h"
#include "jvm_options.h"
#include "log_ring.h"
#include "shared.h"

#define WORKER_CLASS	"org/pgraft/worker/Worker"

/* Every thread of the JVM would else get an arena of its own. */
#define MALLOC_ARENAS	2

/* Local references that a call may need. */
#define LOCAL_REFERENCES	64

typedef jint (JNICALL * CreateJavaVM) (JavaVM **vm, void **env, void *arguments);

static JNIEnv *env = NULL;
static jclass worker_class = NULL;
static jmethodID boot_method;
static jmethodID tick_method;
static jmethodID reload_method;
static jmethodID shutdown_method;

/* ---------- going in and out ---------- */

/*
 * Blocks what PostgreSQL sends.  What a thread's own instructions raise stays as it
 * is: the JVM lives by some of them (its threads stop at a safepoint by SIGSEGV),
 * and a blocked one kills the process.
 */
static void
go_in(sigset_t *before)
{
	static const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT};
	sigset_t	block;

	sigfillset(&block);
	for (int i = 0; i < (int) lengthof(own); i++)
		sigdelset(&block, own[i]);
	pthread_sigmask(SIG_BLOCK, &block, before);
	pgraft_death_enter();
}

static void
come_out(const sigset_t *before)
{
	pgraft_death_leave();
	pthread_sigmask(SIG_SETMASK, before, NULL);
}

/* What the JVM itself has to say; the hook gets it as printf would. */
static jint JNICALL
print_hook(FILE *stream, const char *format, va_list arguments)
{
	char		text[1024];
	int			len = vsnprintf(text, sizeof(text), format, arguments);

	len = Min(len, (int) sizeof(text) - 1);
	while (len > 0 && text[len - 1] == '\n')
		len--;
	if (len > 0)
		(void) pgraft_log_put(PGRAFT_LOG_WARNING, text, len);
	return len;
}

/* ---------- creation ---------- */

static void
set_hook(JavaVMOption *option, char *hook, void *function)
{
	option->optionString = hook;
	option->extraInfo = function;
}

/* NULL, or why there is no JVM. */
static const char *
create(CreateJavaVM create_vm, bool archive)
{
	List	   *texts = pgraft_jvm_option_texts(archive);
	int			count = list_length(texts);
	JavaVMOption *options = palloc0(sizeof(*options) * (count + 3));
	JavaVMInitArgs arguments;
	JavaVM	   *vm;
	ListCell   *cell;
	sigset_t	before;
	jint		error;
	int			i = 0;

	foreach(cell, texts)
		options[i++].optionString = lfirst(cell);
	set_hook(&options[i++], "abort", (void *) pgraft_death_abort_hook);
	set_hook(&options[i++], "exit", (void *) pgraft_death_exit_hook);
	set_hook(&options[i++], "vfprintf", (void *) print_hook);

	arguments.version = JNI_VERSION_10;
	arguments.nOptions = i;
	arguments.options = options;
	arguments.ignoreUnrecognized = JNI_FALSE;

	(void) mallopt(M_ARENA_MAX, MALLOC_ARENAS);
	go_in(&before);
	error = create_vm(&vm, (void **) &env, &arguments);
	come_out(&before);
	if (error != JNI_OK)
	{
		env = NULL;
		return psprintf("the Java virtual machine could not be created (code %d); check pgraft.jvm_options",
						(int) error);
	}
	return NULL;
}

/* The class is not to be had: what Java says of it, in the current memory context. */
static const char *
pending_exception(void)
{
	jthrowable	exception = (*env)->ExceptionOccurred(env);
	jclass		class;
	jmethodID	to_string;
	jstring		text;
	const char *utf;
	char	   *copy;

	(*env)->ExceptionClear(env);
	if (exception == NULL)
		return "no exception";
	class = (*env)->GetObjectClass(env, exception);
	to_string = (*env)->GetMethodID(env, class, "toString", "()Ljava/lang/String;");
	text = (*env)->CallObjectMethod(env, exception, to_string);
	if ((*env)->ExceptionCheck(env) || text == NULL)
	{
		(*env)->ExceptionClear(env);
		return "an exception that cannot be shown";
	}
	utf = (*env)->GetStringUTFChars(env, text, NULL);
	copy = pstrdup(utf != NULL ? utf : "");
	if (utf != NULL)
		(*env)->ReleaseStringUTFChars(env, text, utf);
	return copy;
}

static const char *
find_worker(void)
{
	jclass		class = (*env)->FindClass(env, WORKER_CLASS);

	if (class == NULL)
		return psprintf("the class %s cannot be loaded: %s; is pgraft installed completely, and is the JVM of version 17 or later?",
						WORKER_CLASS, pending_exception());
	worker_class = (*env)->NewGlobalRef(env, class);
	boot_method = (*env)->GetStaticMethodID(env, worker_class, "boot",
											"(Ljava/nio/ByteBuffer;[Ljava/lang/String;)V");
	tick_method = (*env)->GetStaticMethodID(env, worker_class, "tick", "()I");
	reload_method = (*env)->GetStaticMethodID(env, worker_class, "reload",
											  "([Ljava/lang/String;)V");
	shutdown_method = (*env)->GetStaticMethodID(env, worker_class, "shutdown", "()V");
	if ((*env)->ExceptionCheck(env))
		return psprintf("pgraft's library and its jar are of different versions: %s",
						pending_exception());
	return NULL;
}

/*
 * Opens libjvm and creates the JVM, with the archive of classes or without.  NULL, or
 * why it is not there, as a sentence.
 */
const char *
pgraft_jvm_create(bool archive)
{
	void	   *library = dlopen(pgraft_libjvm, RTLD_NOW | RTLD_GLOBAL);
	CreateJavaVM create_vm;
	const char *reason;
	sigset_t	before;

	if (library == NULL)
		return psprintf("the Java virtual machine could not be loaded: %s; set pgraft.libjvm to the libjvm.so of a Java of version 17 or later",
						dlerror());
	create_vm = (CreateJavaVM) dlsym(library, "JNI_CreateJavaVM");
	if (create_vm == NULL)
		return psprintf("\"%s\" is not the library of a Java virtual machine; set pgraft.libjvm to the libjvm.so of a Java of version 17 or later",
						pgraft_libjvm);
	reason = create(create_vm, archive);
	if (reason != NULL)
		return reason;
	go_in(&before);
	reason = find_worker();
	come_out(&before);
	return reason;
}

/* ---------- calls ---------- */

/* NULL, with an exception, when the JVM has no memory left. */
static jobjectArray
string_array(List *texts)
{
	jclass		string_class = (*env)->FindClass(env, "java/lang/String");
	jobjectArray array = (*env)->NewObjectArray(env, list_length(texts),
												string_class, NULL);
	ListCell   *cell;
	int			i = 0;

	if (array == NULL)
		return NULL;
	foreach(cell, texts)
	{
		jstring		text = (*env)->NewStringUTF(env, lfirst(cell));

		if (text == NULL)
			return NULL;
		(*env)->SetObjectArrayElement(env, array, i++, text);
		(*env)->DeleteLocalRef(env, text);
	}
	return array;
}

/*
 * The exception that the last call left, which it is not supposed to, as a
 * sentence; NULL if there is none.  Logs it.
 */
static const char *
left_exception(void)
{
	const char *text;

	if (!(*env)->ExceptionCheck(env))
		return NULL;
	text = psprintf("a call of the engine failed: %s", pending_exception());
	(void) pgraft_log_put(PGRAFT_LOG_ERROR, text, (int) strlen(text));
	return text;
}

/* Hands the engine its memory and its settings.  NULL, or why that failed. */
const char *
pgraft_jvm_boot(List *settings)
{
	const char *reason = NULL;
	jobjectArray array;
	jobject		shared;
	sigset_t	before;

	go_in(&before);
	if ((*env)->PushLocalFrame(env, LOCAL_REFERENCES) == 0)
	{
		shared = (*env)->NewDirectByteBuffer(env, pgraft_shared,
											 (jlong) pgraft_shared->total);
		array = string_array(settings);
		if (shared != NULL && array != NULL)
			(*env)->CallStaticVoidMethod(env, worker_class, boot_method, shared,
										 array);
		if ((*env)->ExceptionCheck(env))
			reason = psprintf("the engine could not be set up: %s",
							  pending_exception());
		(*env)->PopLocalFrame(env, NULL);
	}
	else
	{
		(void) left_exception();
		reason = "the Java virtual machine has no memory left";
	}
	come_out(&before);
	return reason;
}

/* One round of the engine.  When it failed by an exception, the status page says so. */
PgraftTick
pgraft_jvm_tick(void)
{
	PgraftStatus *status = pgraft_status();
	const char *failure;
	sigset_t	before;
	jint		answer;

	go_in(&before);
	answer = (*env)->CallStaticIntMethod(env, worker_class, tick_method);
	failure = left_exception();
	come_out(&before);
	if (failure == NULL)
		return (PgraftTick) answer;
	/* An engine without any memory left cannot do this itself. */
	strlcpy(status->message, failure, sizeof(status->message));
	status->worker_state = PGRAFT_WORKER_ERROR;
	return PGRAFT_TICK_SICK;
}

/* Gives the engine changed settings. */
void
pgraft_jvm_reload(List *settings)
{
	sigset_t	before;

	go_in(&before);
	if ((*env)->PushLocalFrame(env, LOCAL_REFERENCES) == 0)
	{
		jobjectArray array = string_array(settings);

		if (array != NULL)
			(*env)->CallStaticVoidMethod(env, worker_class, reload_method, array);
		(void) left_exception();
		(*env)->PopLocalFrame(env, NULL);
	}
	(void) left_exception();
	come_out(&before);
}

/* Asks the engine to stop; it says by its ticks when it has. */
void
pgraft_jvm_shutdown(void)
{
	sigset_t	before;

	go_in(&before);
	(*env)->CallStaticVoidMethod(env, worker_class, shutdown_method);
	(void) left_exception();
	come_out(&before);
}
