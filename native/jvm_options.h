/*
 * jvm_options.h
 *	  The options with which the Java virtual machine is created.
 *
 * Threads and locks: see jvm_options.c.
 */
#ifndef PGRAFT_JVM_OPTIONS_H
#define PGRAFT_JVM_OPTIONS_H

#include "nodes/pg_list.h"

extern List *pgraft_jvm_option_texts(bool archive);

#endif							/* PGRAFT_JVM_OPTIONS_H */
