/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Gathers what a check finds, and puts it into sentences.
 *
 * That data/ab12… is damaged says nothing to its owner; that the photos of May cannot be restored does. So damage is
 * kept by repository file until the walk through the trees has told which files need it, and becomes a problem of the
 * job only then, with the first few of them named and the others counted. */

#include "config.h"

#include "sr-check-report.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define WHATS_KEPT 4 /* of one repository file */
#define PATHS_KEPT 5 /* of one repository file */
#define HINTS_KEPT 1000
/* A bad sector is damage; a drive that was unplugged is not, and fails in everything from then on. */
#define MAX_UNREADABLE 20

struct _SrCheckDamage
{
  char *path; /* (owned): of the repository file */
  const char *remedy; /* static: of what was found first */
  GPtrArray *whats; /* (owned) (element-type utf8) */
  GPtrArray *affected; /* (owned) (element-type filename) */
  guint64 n_affected;
};

struct _SrCheckReport
{
  GMutex mutex;
  GPtrArray
      *damages; /* (owned) (element-type SrCheckDamage) (locked by mutex): as they were found */
  GHashTable *by_path; /* (owned) (locked by mutex): path → SrCheckDamage */
  GPtrArray *hints; /* (owned) (element-type utf8) (locked by mutex) */
  guint64 n_hints; /* (locked by mutex) */
  guint n_unreadable; /* (locked by mutex) */
};

static void
damage_free (gpointer data)
{
  SrCheckDamage *damage = data;

  g_free (damage->path);
  g_ptr_array_unref (damage->whats);
  g_ptr_array_unref (damage->affected);
  g_free (damage);
}

/**
 * sr_check_report_new:
 *
 * Returns: (transfer full): a report with nothing in it
 */
SrCheckReport *
sr_check_report_new (void)
{
  SrCheckReport *self = g_new0 (SrCheckReport, 1);

  g_mutex_init (&self->mutex);
  self->damages = g_ptr_array_new_with_free_func (damage_free);
  self->by_path = g_hash_table_new (g_str_hash, g_str_equal);
  self->hints = g_ptr_array_new_with_free_func (g_free);
  return self;
}

/**
 * sr_check_report_free:
 * @self: (transfer full) (nullable): a report
 */
void
sr_check_report_free (SrCheckReport *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->by_path);
  g_ptr_array_unref (self->damages);
  g_ptr_array_unref (self->hints);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

static SrCheckDamage *
get_damage (SrCheckReport *self, const SrFileName *file, const char *remedy)
{
  g_autofree char *path = sr_file_name_to_string (file);
  SrCheckDamage *damage = g_hash_table_lookup (self->by_path, path);

  if (damage == NULL)
    {
      damage = g_new0 (SrCheckDamage, 1);
      damage->path = g_steal_pointer (&path);
      damage->remedy = remedy;
      damage->whats = g_ptr_array_new_with_free_func (g_free);
      damage->affected = g_ptr_array_new_with_free_func (g_free);
      g_ptr_array_add (self->damages, damage);
      g_hash_table_insert (self->by_path, damage->path, damage);
    }
  return damage;
}

/**
 * sr_check_report_add:
 * @self: a report
 * @file: the damaged repository file
 * @remedy: what to do about it, as a sentence marked with N_(): “To mend it, …”; static
 * @what: (nullable): what is wrong with it, as a sentence
 *
 * More damage of the same file joins that found before.
 *
 * Returns: (transfer none): the damage of that file
 */
SrCheckDamage *
sr_check_report_add (SrCheckReport *self,
                     const SrFileName *file,
                     const char *remedy,
                     const char *what)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  SrCheckDamage *damage = get_damage (self, file, remedy);

  if (what != NULL && damage->whats->len < WHATS_KEPT &&
      !g_ptr_array_find_with_equal_func (damage->whats, what, g_str_equal, NULL))
    g_ptr_array_add (damage->whats, g_strdup (what));
  return damage;
}

/**
 * sr_check_report_add_affected:
 * @self: a report
 * @damage: of this report
 * @path: (type filename): a file or folder that cannot be restored because of it
 * @snapshot: in which it is
 */
void
sr_check_report_add_affected (SrCheckReport *self,
                              SrCheckDamage *damage,
                              const char *path,
                              const SrId *snapshot)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  char hex[SR_ID_HEX_SIZE];

  damage->n_affected++;
  if (damage->affected->len >= PATHS_KEPT)
    return;
  sr_id_to_hex (snapshot, hex);
  g_ptr_array_add (damage->affected, g_strdup_printf (_ ("%s (snapshot %.8s)"), path, hex));
}

/**
 * sr_check_report_add_hint:
 * @self: a report
 * @file: a repository file
 * @what: what is unusual about it, but harmless, as a sentence
 */
void
sr_check_report_add_hint (SrCheckReport *self, const SrFileName *file, const char *what)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  if (self->n_hints++ < HINTS_KEPT)
    {
      g_autofree char *path = sr_file_name_to_string (file);

      g_ptr_array_add (self->hints, g_strdup_printf (C_ ("error", "%s: %s"), path, what));
    }
}

/**
 * sr_check_report_pass_over:
 * @self: a report
 * @failure: of reading a repository file
 * @error: (out) (optional): @failure when it ends the check
 *
 * Tells damage, after which a check goes on, from a cancellation and from a storage that is not there any more.
 *
 * Returns: TRUE: add it to the report and go on
 */
gboolean
sr_check_report_pass_over (SrCheckReport *self, const GError *failure, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  if (failure->domain == SR_ERROR)
    switch ((SrError) failure->code)
      {
      case SR_ERROR_DAMAGED:
      case SR_ERROR_NOT_FOUND:
      case SR_ERROR_UNSUPPORTED:
      case SR_ERROR_LIMIT:
      case SR_ERROR_INVALID:
        return TRUE;
      case SR_ERROR_STORAGE:
      case SR_ERROR_PERMISSION:
        if (++self->n_unreadable <= MAX_UNREADABLE)
          return TRUE;
        break;
      case SR_ERROR_WRONG_PASSWORD:
      case SR_ERROR_NOT_A_REPOSITORY:
      case SR_ERROR_ALREADY_EXISTS:
      case SR_ERROR_AMBIGUOUS:
      case SR_ERROR_REPOSITORY_LOCKED:
      case SR_ERROR_NO_SPACE:
      case SR_ERROR_SOURCE:
      case SR_ERROR_TARGET:
      case SR_ERROR_INCOMPLETE:
      default:
        break;
      }
  g_propagate_error (error, g_error_copy (failure));
  return FALSE;
}

/**
 * sr_check_report_dup_hints:
 * @self: a report
 *
 * Returns: (transfer full): the first 1,000 hints, and how many more there were
 */
char **
sr_check_report_dup_hints (SrCheckReport *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  GPtrArray *hints = g_ptr_array_new ();

  for (guint i = 0; i < self->hints->len; i++)
    g_ptr_array_add (hints, g_strdup (g_ptr_array_index (self->hints, i)));
  if (self->n_hints > self->hints->len)
    {
      guint64 n_more = self->n_hints - self->hints->len;
      g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT, n_more);

      g_ptr_array_add (hints,
                       g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%s more of this kind",
                                                     "%s more of this kind", (gulong) n_more),
                                        text));
    }
  g_ptr_array_add (hints, NULL);
  return (char **) g_ptr_array_free (hints, FALSE);
}

/* Takes @text: what was said up to now. */
static char *
add_sentence (char *text, const char *sentence)
{
  g_autofree char *first = text;

  /* Translators: one sentence after another; the last one of a message has no period */
  return first == NULL ? g_strdup (sentence)
                       : g_strdup_printf (C_ ("error", "%s. %s"), first, sentence);
}

static char *
describe_affected (SrCheckDamage *damage)
{
  g_autoptr (GString) paths = g_string_new (NULL);
  g_autofree char *n_more = NULL;

  for (guint i = 0; i < damage->affected->len; i++)
    {
      const char *path = g_ptr_array_index (damage->affected, i);

      g_string_append_printf (paths, i > 0 ? C_ ("list", ", %s") : "%s", path);
    }
  if (damage->n_affected == damage->affected->len)
    return g_strdup_printf (_ ("This cannot be restored whole: %s"), paths->str);

  n_more = g_strdup_printf ("%" G_GUINT64_FORMAT, damage->n_affected - damage->affected->len);
  return g_strdup_printf (_ ("This cannot be restored whole: %s and %s more"), paths->str, n_more);
}

static GError *
describe (SrCheckDamage *damage)
{
  g_autofree char *text = NULL;
  g_autofree char *affected = NULL;

  for (guint i = 0; i < damage->whats->len; i++)
    text = add_sentence (text, g_ptr_array_index (damage->whats, i));
  if (damage->n_affected > 0)
    {
      affected = describe_affected (damage);
      text = add_sentence (text, affected);
    }
  text = add_sentence (text, _ (damage->remedy));
  return g_error_new_literal (SR_ERROR, SR_ERROR_DAMAGED, text);
}

/**
 * sr_check_report_publish:
 * @self: a report
 * @job: gets each damage as a problem, in the order in which they were found
 */
void
sr_check_report_publish (SrCheckReport *self, SrJob *job)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  for (guint i = 0; i < self->damages->len; i++)
    {
      SrCheckDamage *damage = g_ptr_array_index (self->damages, i);
      g_autoptr (GError) problem = describe (damage);

      sr_job_add_problem (job, damage->path, problem);
    }
}
