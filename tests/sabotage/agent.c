/*-------------------------------------------------------------------------
 *
 * agent.c
 *	  An agent inside the engine's JVM that does harm on demand, for tests.
 *
 * The JVM of the worker cannot be attached to, so this is loaded at its start,
 * by pgraft.jvm_options = '-agentpath:agent.so=DIRECTORY'.  It looks for a file
 * DIRECTORY/command, carries it out and answers in DIRECTORY/answer:
 *
 *	  threads			the names of all threads that Java knows, one a line
 *	  stop NAME			throws an InternalError in a thread (JVMTI's StopThread)
 *	  suspend NAME		stops a thread until the JVM ends
 *	  exhaust			takes all of the heap, and what gets free again
 *	  release			gives the heap back
 *	  exit				System.exit(3)
 *	  halt				Runtime.getRuntime().halt(3)
 *	  descriptors N		lets the process open nothing for N seconds; then answers "exhausted" if
 *						an attempt of its own failed
 *
 * A file DIRECTORY/delay has the seconds by which it delays the start of the JVM.
 *
 * What became of a stopped thread is appended to DIRECTORY/events: which method
 * the error hit and which one catches it, and that the thread has ended.
 *
 * Threads: one of its own carries the commands out, attached to the JVM as a
 * daemon; events come on the threads that they are about.  An error here that
 * a test would not see ends the process by abort().
 *
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <fcntl.h>
#include <jni.h>
#include <jvmti.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define POLL_US			20000
#define CHUNKS_MAX		65536
#define CHUNK_BYTES_MAX (1 << 20)
#define CHUNK_BYTES_MIN 256

static JavaVM *vm;
static jvmtiEnv *jvmti;
static char directory[PATH_MAX / 2];

/* The error that is thrown; kept from before the heap is exhausted. */
static jobject injected;

static jobject chunks[CHUNKS_MAX];
static int	chunk_count;
static bool exhausting;

static void
give_up(const char *what)
{
	fprintf(stderr, "agent: %s: %s\n", what, strerror(errno));
	abort();
}

static void
path_of(char *path, const char *name)
{
	snprintf(path, PATH_MAX, "%s/%s", directory, name);
}

static void
note(const char *format,...)
{
	char		path[PATH_MAX];
	va_list		arguments;
	FILE	   *file;

	path_of(path, "events");
	file = fopen(path, "a");
	if (file == NULL)
		give_up(path);
	va_start(arguments, format);
	vfprintf(file, format, arguments);
	va_end(arguments);
	fclose(file);
}

/* The name of a thread, to be freed by the caller; NULL if it has ended. */
static char *
name_of(JNIEnv *env, jthread thread)
{
	jvmtiThreadInfo info;
	char	   *name;

	if ((*jvmti)->GetThreadInfo(jvmti, thread, &info) != JVMTI_ERROR_NONE)
		return NULL;
	name = strdup(info.name);
	(*jvmti)->Deallocate(jvmti, (unsigned char *) info.name);
	(*env)->DeleteLocalRef(env, info.thread_group);
	(*env)->DeleteLocalRef(env, info.context_class_loader);
	return name;
}

/* ---------- events ---------- */

/* "Class.method", to be freed by the caller. */
static char *
describe(JNIEnv *env, jmethodID method)
{
	char	   *name = NULL;
	char	   *class_name = NULL;
	char	   *text = NULL;
	jclass		class;

	if (method == NULL)
		return strdup("nobody");
	if ((*jvmti)->GetMethodDeclaringClass(jvmti, method, &class) != JVMTI_ERROR_NONE ||
		(*jvmti)->GetClassSignature(jvmti, class, &class_name, NULL) != JVMTI_ERROR_NONE ||
		(*jvmti)->GetMethodName(jvmti, method, &name, NULL, NULL) != JVMTI_ERROR_NONE)
		return strdup("unknown");
	if (asprintf(&text, "%s%s", class_name, name) < 0)
		give_up("memory");
	(*jvmti)->Deallocate(jvmti, (unsigned char *) name);
	(*jvmti)->Deallocate(jvmti, (unsigned char *) class_name);
	(*env)->DeleteLocalRef(env, class);
	return text;
}

static void JNICALL
on_exception(jvmtiEnv *ti, JNIEnv *env, jthread thread, jmethodID method, jlocation location,
			 jobject exception, jmethodID catch_method, jlocation catch_location)
{
	char	   *name;
	char	   *thrower;
	char	   *catcher;

	(void) location;
	(void) catch_location;
	if (!(*env)->IsSameObject(env, exception, injected))
		return;
	(*ti)->SetEventNotificationMode(ti, JVMTI_DISABLE, JVMTI_EVENT_EXCEPTION, thread);
	name = name_of(env, thread);
	thrower = describe(env, method);
	catcher = describe(env, catch_method);
	note("hit %s in %s, caught by %s\n", name, thrower, catcher);
	free(name);
	free(thrower);
	free(catcher);
}

static void JNICALL
on_thread_end(jvmtiEnv *ti, JNIEnv *env, jthread thread)
{
	char	   *name = name_of(env, thread);

	(void) ti;
	if (name != NULL)
		note("end %s\n", name);
	free(name);
}

/* ---------- commands ---------- */

/* A local reference, or NULL. */
static jthread
find(JNIEnv *env, const char *wanted)
{
	jthread    *threads;
	jthread		found = NULL;
	jint		count;

	if ((*jvmti)->GetAllThreads(jvmti, &count, &threads) != JVMTI_ERROR_NONE)
		return NULL;
	for (jint i = 0; i < count; i++)
	{
		char	   *name = name_of(env, threads[i]);

		if (found == NULL && name != NULL && strcmp(name, wanted) == 0)
			found = threads[i];
		else
			(*env)->DeleteLocalRef(env, threads[i]);
		free(name);
	}
	(*jvmti)->Deallocate(jvmti, (unsigned char *) threads);
	return found;
}

static void
list_threads(JNIEnv *env, FILE *answer)
{
	jthread    *threads;
	jint		count;

	if ((*jvmti)->GetAllThreads(jvmti, &count, &threads) != JVMTI_ERROR_NONE)
		return;
	for (jint i = 0; i < count; i++)
	{
		char	   *name = name_of(env, threads[i]);

		if (name != NULL)
			fprintf(answer, "%s\n", name);
		(*env)->DeleteLocalRef(env, threads[i]);
		free(name);
	}
	(*jvmti)->Deallocate(jvmti, (unsigned char *) threads);
}

static void
stop(JNIEnv *env, const char *name, FILE *answer)
{
	jthread		thread = find(env, name);
	jvmtiError	error = JVMTI_ERROR_INVALID_THREAD;

	if (thread != NULL)
	{
		(*jvmti)->SetEventNotificationMode(jvmti, JVMTI_ENABLE, JVMTI_EVENT_EXCEPTION, thread);
		(*jvmti)->SetEventNotificationMode(jvmti, JVMTI_ENABLE, JVMTI_EVENT_THREAD_END, thread);
		error = (*jvmti)->StopThread(jvmti, thread, injected);
	}
	fprintf(answer, "%d\n", (int) error);
}

static void
suspend(JNIEnv *env, const char *name, FILE *answer)
{
	jthread		thread = find(env, name);
	jvmtiError	error = JVMTI_ERROR_INVALID_THREAD;

	if (thread != NULL)
		error = (*jvmti)->SuspendThread(jvmti, thread);
	fprintf(answer, "%d\n", (int) error);
}

/* Takes what there is, in ever smaller pieces; returns how many bytes. */
static long
fill(JNIEnv *env, jsize smallest)
{
	long		total = 0;
	jsize		bytes = CHUNK_BYTES_MAX;

	while (bytes >= smallest && chunk_count < CHUNKS_MAX)
	{
		jbyteArray	array = (*env)->NewByteArray(env, bytes);

		if (array == NULL)
		{
			(*env)->ExceptionClear(env);
			bytes /= 4;
			continue;
		}
		chunks[chunk_count++] = (*env)->NewGlobalRef(env, array);
		(*env)->DeleteLocalRef(env, array);
		total += bytes;
	}
	return total;
}

static void
release(JNIEnv *env)
{
	exhausting = false;
	while (chunk_count > 0)
		(*env)->DeleteGlobalRef(env, chunks[--chunk_count]);
}

/* Returns only when the process was kept from ending. */
static void
leave(JNIEnv *env, bool orderly)
{
	jclass		runtime_class = (*env)->FindClass(env, "java/lang/Runtime");
	jmethodID	get = (*env)->GetStaticMethodID(env, runtime_class, "getRuntime", "()Ljava/lang/Runtime;");
	jobject		runtime = (*env)->CallStaticObjectMethod(env, runtime_class, get);
	jmethodID	end = (*env)->GetMethodID(env, runtime_class, orderly ? "exit" : "halt", "(I)V");

	(*env)->CallVoidMethod(env, runtime, end, (jint) 3);
}

/* What is open stays open: the limit is below every number that is free. */
static void
exhaust_descriptors(unsigned int seconds, FILE *answer)
{
	struct rlimit usual;
	struct rlimit none;

	if (getrlimit(RLIMIT_NOFILE, &usual) != 0)
		give_up("getrlimit");
	none = usual;
	none.rlim_cur = 0;
	if (setrlimit(RLIMIT_NOFILE, &none) != 0)
		give_up("setrlimit");
	if (open("/dev/null", O_RDONLY) < 0 && errno == EMFILE)
		fprintf(answer, "exhausted\n");
	while (seconds > 0)
		seconds = sleep(seconds);
	if (setrlimit(RLIMIT_NOFILE, &usual) != 0)
		give_up("setrlimit");
}

static void
carry_out(JNIEnv *env, char *command, FILE *answer)
{
	char	   *argument = strchr(command, ' ');

	if (argument != NULL)
		*argument++ = '\0';
	if (strcmp(command, "threads") == 0)
		list_threads(env, answer);
	else if (strcmp(command, "stop") == 0 && argument != NULL)
		stop(env, argument, answer);
	else if (strcmp(command, "suspend") == 0 && argument != NULL)
		suspend(env, argument, answer);
	else if (strcmp(command, "exhaust") == 0)
	{
		/*
		 * Large pieces first, and the rest when that is answered: the process
		 * may end at once when nothing at all is left.
		 */
		fprintf(answer, "%ld\n", fill(env, CHUNK_BYTES_MAX));
		exhausting = true;
	}
	else if (strcmp(command, "release") == 0)
		release(env);
	else if (strcmp(command, "exit") == 0)
		leave(env, true);
	else if (strcmp(command, "halt") == 0)
		leave(env, false);
	else if (strcmp(command, "descriptors") == 0 && argument != NULL)
		exhaust_descriptors((unsigned int) atoi(argument), answer);
	else
		give_up(command);
}

/* Whether there was a command. */
static bool
look(JNIEnv *env)
{
	char		path[PATH_MAX];
	char		fresh[PATH_MAX];
	char		command[1024];
	FILE	   *file;

	path_of(path, "command");
	file = fopen(path, "r");
	if (file == NULL)
		return false;
	if (fgets(command, sizeof(command), file) == NULL)
		give_up(path);
	fclose(file);
	command[strcspn(command, "\n")] = '\0';
	unlink(path);
	path_of(fresh, "answer.new");
	file = fopen(fresh, "w");
	if (file == NULL)
		give_up(fresh);
	carry_out(env, command, file);
	fclose(file);
	path_of(path, "answer");
	if (rename(fresh, path) != 0)
		give_up(path);
	return true;
}

static void *
serve(void *nothing)
{
	JavaVMAttachArgs arguments = {JNI_VERSION_10, "sabotage", NULL};
	JNIEnv	   *env;

	if ((*vm)->AttachCurrentThreadAsDaemon(vm, (void **) &env, &arguments) != JNI_OK)
		give_up("attach");
	for (;;)
	{
		if (exhausting)
			(void) fill(env, CHUNK_BYTES_MIN);
		if (!look(env))
			usleep(POLL_US);
	}
	return nothing;
}

/* ---------- the agent ---------- */

static void JNICALL
on_vm_init(jvmtiEnv *ti, JNIEnv *env, jthread thread)
{
	jclass		class = (*env)->FindClass(env, "java/lang/InternalError");
	jmethodID	make = (*env)->GetMethodID(env, class, "<init>", "(Ljava/lang/String;)V");
	jstring		text = (*env)->NewStringUTF(env, "injected by a test");
	pthread_t	server;

	(void) ti;
	(void) thread;
	injected = (*env)->NewGlobalRef(env, (*env)->NewObject(env, class, make, text));
	if (injected == NULL || pthread_create(&server, NULL, serve, NULL) != 0)
		give_up("start");
}

static void
delay(void)
{
	char		path[PATH_MAX];
	FILE	   *file;
	unsigned int seconds;

	path_of(path, "delay");
	file = fopen(path, "r");
	if (file == NULL)
		return;
	if (fscanf(file, "%u", &seconds) == 1)
		sleep(seconds);
	fclose(file);
}

JNIEXPORT jint JNICALL
Agent_OnLoad(JavaVM *loaded, char *options, void *reserved)
{
	jvmtiCapabilities capabilities;
	jvmtiEventCallbacks callbacks;
	char		path[PATH_MAX];

	(void) reserved;
	vm = loaded;
	snprintf(directory, sizeof(directory), "%s", options);
	/* a command for the JVM before this one */
	path_of(path, "command");
	unlink(path);
	delay();
	if ((*vm)->GetEnv(vm, (void **) &jvmti, JVMTI_VERSION_11) != JNI_OK)
		return JNI_ERR;
	memset(&capabilities, 0, sizeof(capabilities));
	capabilities.can_suspend = 1;
	capabilities.can_signal_thread = 1;
	capabilities.can_generate_exception_events = 1;
	if ((*jvmti)->AddCapabilities(jvmti, &capabilities) != JVMTI_ERROR_NONE)
		return JNI_ERR;
	memset(&callbacks, 0, sizeof(callbacks));
	callbacks.VMInit = on_vm_init;
	callbacks.Exception = on_exception;
	callbacks.ThreadEnd = on_thread_end;
	(*jvmti)->SetEventCallbacks(jvmti, &callbacks, sizeof(callbacks));
	(*jvmti)->SetEventNotificationMode(jvmti, JVMTI_ENABLE, JVMTI_EVENT_VM_INIT, NULL);
	return JNI_OK;
}
