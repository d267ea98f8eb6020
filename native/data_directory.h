/*
 * data_directory.h
 *	  The engine's directory, before there is an engine.
 *
 * Threads and locks: see data_directory.c.
 */
#ifndef PGRAFT_DATA_DIRECTORY_H
#define PGRAFT_DATA_DIRECTORY_H

/* Makes what is missing.  NULL, or why it cannot be used, in the current memory context. */
extern const char *pgraft_data_directory_prepare(void);

#endif							/* PGRAFT_DATA_DIRECTORY_H */
