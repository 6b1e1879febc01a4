/*
 * GMutex as a mutex that ThreadSanitizer knows
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * GLib makes its mutexes of futexes, in a library that is not instrumented:
 * ThreadSanitizer would report all that they protect.  Only linked with
 * -Db_sanitize=thread; GLib's own calls do not come here.
 */
#include <glib.h>
#include <pthread.h>

static pthread_mutex_t *mutex_of(GMutex *mutex)
{
    pthread_mutex_t *known = g_atomic_pointer_get(&mutex->p);

    if (!known) {
        pthread_mutex_t *made = g_new(pthread_mutex_t, 1);

        pthread_mutex_init(made, NULL);
        if (g_atomic_pointer_compare_and_exchange(&mutex->p, NULL, made)) {
            return made;
        }
        pthread_mutex_destroy(made);
        g_free(made);
        known = g_atomic_pointer_get(&mutex->p);
    }
    return known;
}

void g_mutex_init(GMutex *mutex)
{
    mutex->p = NULL;
}

void g_mutex_clear(GMutex *mutex)
{
    pthread_mutex_destroy(mutex_of(mutex));
    g_free(mutex->p);
}

void g_mutex_lock(GMutex *mutex)
{
    pthread_mutex_lock(mutex_of(mutex));
}

void g_mutex_unlock(GMutex *mutex)
{
    pthread_mutex_unlock(mutex_of(mutex));
}
