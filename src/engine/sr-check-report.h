/* SPDX-License-Identifier: GPL-3.0-or-later */

#pragma once

#include "base/sr-error.h"
#include "engine/sr-job.h"
#include "storage/sr-storage.h"

G_BEGIN_DECLS

/* What a check finds, gathered by repository file until it is known which of the user's files need it. Any
 * thread. */
typedef struct _SrCheckReport SrCheckReport;

/* The damage of one repository file; lives as long as the report. */
typedef struct _SrCheckDamage SrCheckDamage;

SrCheckReport *sr_check_report_new (void);
void sr_check_report_free (SrCheckReport *self);

SrCheckDamage *sr_check_report_add (SrCheckReport *self,
                                    const SrFileName *file,
                                    const char *remedy,
                                    const char *what);
void sr_check_report_add_affected (SrCheckReport *self,
                                   SrCheckDamage *damage,
                                   const char *path,
                                   const SrId *snapshot);
void sr_check_report_add_hint (SrCheckReport *self, const SrFileName *file, const char *what);
gboolean sr_check_report_pass_over (SrCheckReport *self, const GError *failure, GError **error);

char **sr_check_report_dup_hints (SrCheckReport *self);
void sr_check_report_publish (SrCheckReport *self, SrJob *job);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SrCheckReport, sr_check_report_free)

G_END_DECLS
