# Shipped, not compiled. Folders are filled in where a file names one; all go to the documentation
# for the administrator to take from.
CONTRIB_MADE = \
	contrib/systemd/postrider.service \
	contrib/tmpfiles/postrider.conf \
	contrib/logrotate/postrider
CONTRIB_IN = \
	contrib/systemd/postrider.service.in \
	contrib/tmpfiles/postrider.conf.in \
	contrib/logrotate/postrider.in

systemddir = $(docdir)/systemd
nodist_systemd_DATA = contrib/systemd/postrider.service
sysusersdir = $(docdir)/sysusers
dist_sysusers_DATA = contrib/sysusers/postrider.conf
tmpfilesdir = $(docdir)/tmpfiles
nodist_tmpfiles_DATA = contrib/tmpfiles/postrider.conf
logrotatedir = $(docdir)/logrotate
nodist_logrotate_DATA = contrib/logrotate/postrider
dist_doc_DATA = README contrib/NEWS contrib/postrider.toml

EXTRA_DIST += $(CONTRIB_IN) .clang-format .editorconfig .ci/run contrib/check contrib/demo \
	contrib/packages contrib/prepare
CLEANFILES += $(CONTRIB_MADE)

$(CONTRIB_MADE): contrib/module.mk Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && sed \
		-e 's|@sbindir[@]|$(sbindir)|g' \
		-e 's|@sysconfdir[@]|$(sysconfdir)|g' \
		-e 's|@localstatedir[@]|$(localstatedir)|g' \
		$(srcdir)/$@.in > $@.tmp && mv $@.tmp $@
contrib/systemd/postrider.service: contrib/systemd/postrider.service.in
contrib/tmpfiles/postrider.conf: contrib/tmpfiles/postrider.conf.in
contrib/logrotate/postrider: contrib/logrotate/postrider.in
