-- "make install": what is put where, that it may be moved, that "make uninstall" takes it away
-- again, and that two builds give the same files.

local lu = require "luaunit"
local installing = require "installing"
local process = require "process"

local quoted, run = process.quoted, installing.run

local ROOT <const> = os.getenv("DPL_ROOT")

local function read(path)
  local file <close> = assert(io.open(path))
  return file:read("a")
end

local function version()
  local header = read(ROOT .. "/core/dpl.h")
  local function part(name)
    return header:match("#define DPL_VERSION_" .. name .. " (%d+)")
  end
  return part "MAJOR" .. "." .. part "MINOR" .. "." .. part "PATCH"
end

---- What is put where ----

local TestInstall = process.test_table()

-- Beside these, what the folders of the tree hold.
local INSTALLED <const> = {
  "bin/dpl", "include/dpl.h", "lib/libdpl.a", "lib/libdpl.so", "lib/lua/5.4/dpl.so",
  "lib/pkgconfig/dpl.pc", "share/bash-completion/completions/dpl", "share/doc/dpl/LICENSE",
  "share/doc/dpl/README.md", "share/dpl/manifest", "share/fish/vendor_completions.d/dpl.fish",
  "share/man/man1/dpl.1", "share/zsh/site-functions/_dpl",
}

local FOLDERS <const> = {
  ["core/dpl/*.h"] = "include/dpl/",
  ["lua/library/*.lua"] = "share/dpl/library/",
  ["lua/library/dpl/*.lua"] = "share/dpl/library/dpl/",
  ["scripts/*.lua"] = "share/dpl/scripts/",
}

local function expected_files()
  local expected = { ["lib/libdpl.so." .. version()] = true }
  expected["lib/libdpl.so." .. version():match("^0%.%d+") or version():match("^%d+")] = true
  for _, path in ipairs(INSTALLED) do
    expected[path] = true
  end
  for pattern, folder in pairs(FOLDERS) do
    for name in run("cd %s && ls %s", quoted(ROOT), pattern):gmatch("([^/\n]+)\n") do
      expected[folder .. name] = true
    end
  end
  return expected
end

local function set_of_lines(text)
  local set = {}
  for line in text:gmatch("[^\n]+") do
    set[line] = true
  end
  return set
end

function TestInstall.test_installs_every_part_and_nothing_else()
  lu.assertEquals(set_of_lines(installing.list(installing.install("prefix"))), expected_files())
end

function TestInstall.test_directories_may_be_chosen()
  local destination = process.directory() .. "/a stage"
  installing.make(("install DESTDIR=%s PREFIX='/opt/d pl' LIBDIR=/li/b MANDIR=/man BINDIR=/b")
    :format(quoted(destination)))
  local files = set_of_lines(installing.list(destination))
  for _, path in ipairs { "b/dpl", "li/b/libdpl.a", "li/b/pkgconfig/dpl.pc", "li/b/lua/5.4/dpl.so",
    "man/man1/dpl.1", "opt/d pl/include/dpl.h", "opt/d pl/share/dpl/scripts/compare.lua" } do
    lu.assertTrue(files[path], path)
  end
  local pkg_config = read(destination .. "/li/b/pkgconfig/dpl.pc")
  lu.assertStrContains(pkg_config, "prefix=/opt/d\\ pl\nlibdir=/li/b\nincludedir=${prefix}/include")
end

-- pkg-config leaves out the system's own directories where it knows them by name.
function TestInstall.test_pkg_config_of_the_system()
  local destination = process.directory() .. "/stage"
  installing.make(("install DESTDIR=%s PREFIX=/usr LIBDIR=/usr/lib/x"):format(quoted(destination)))
  lu.assertStrContains(read(destination .. "/usr/lib/x/pkgconfig/dpl.pc"),
    "prefix=/usr\nlibdir=${prefix}/lib/x\n")
end

function TestInstall.test_pkg_config_knows_the_version()
  lu.assertEquals(run("PKG_CONFIG_PATH=%s/lib/pkgconfig pkg-config --modversion dpl",
    quoted(installing.install("prefix"))), version() .. "\n")
end

-- No directory can be made there, whoever asks.
function TestInstall.test_what_cannot_be_installed_is_told()
  lu.skipIf(not os.getenv("MAKEFLAGS"), "not run by make")
  local output, code = process.sh(("make -C %s install PREFIX=/dev/null/dpl"):format(quoted(ROOT)))
  lu.assertStrContains(output, "/dev/null")
  lu.assertNotEquals(code, 0)
end

---- That it may be moved ----

function TestInstall.test_moved_interpreter_and_scripts_run()
  local prefix = installing.install_and_move()
  local code = 'print(require "dpl"._VERSION, package.preload.argparse ~= nil)'
  lu.assertEquals(run("cd / && %s/bin/dpl -e %s", quoted(prefix), quoted(code)),
    version() .. "\ttrue\n")
  lu.assertStrContains(run("cd / && %s/bin/dpl %s/share/dpl/scripts/compare.lua", quoted(prefix),
    quoted(prefix)), "Strategy Performance Comparison")
end

function TestInstall.test_no_library_is_looked_for_where_it_was_built()
  local prefix = installing.install("prefix")
  for _, file in ipairs { "bin/dpl", "lib/libdpl.so", "lib/lua/5.4/dpl.so" } do
    local dynamic = run("readelf -d %s/%s", quoted(prefix), file)
    lu.assertStrContains(dynamic, "NEEDED")
    lu.assertNil(dynamic:find("RPATH") or dynamic:find("RUNPATH"), file)
  end
end

-- Neither where it was built nor where it was put: debug information too.
function TestInstall.test_no_file_names_a_place()
  lu.skipIf(os.getenv("DPL_BUILD") ~= ROOT .. "/build", "built with other flags")
  local prefix = installing.install("prefix")
  lu.assertEquals(process.sh(("grep -rlF -e %s -e %s %s"):format(quoted(ROOT), quoted(prefix),
    quoted(prefix))), "")
end

---- Uninstalling ----

function TestInstall.test_uninstall_removes_files_and_directories()
  local prefix = installing.install("a/b")
  installing.make("uninstall PREFIX=" .. quoted(prefix))
  lu.assertEquals(installing.list(process.directory(), ""), ".\n")
end

-- The manifest tells, not this version's list of files; directories that were there stay.
function TestInstall.test_uninstall_leaves_what_is_of_others()
  run("mkdir -p prefix/lib prefix/include/dpl && touch prefix/include/dpl/other.h")
  local prefix = installing.install("prefix")
  local manifest = read(prefix .. "/share/dpl/manifest")
  process.write("prefix/share/dpl/manifest", manifest .. "share/dpl/of_another_version\n")
  process.write("prefix/share/dpl/of_another_version", "")
  installing.install("prefix")
  installing.make("uninstall PREFIX=" .. quoted(prefix))
  lu.assertEquals(installing.list(prefix, ""),
    ".\ninclude\ninclude/dpl\ninclude/dpl/other.h\nlib\n")
end

function TestInstall.test_uninstall_after_moving()
  local prefix = installing.install_and_move()
  installing.make("uninstall PREFIX=" .. quoted(prefix))
  lu.assertEquals(installing.list(process.directory(), ""), ".\n")
end

function TestInstall.test_uninstall_where_nothing_is()
  lu.skipIf(not os.getenv("MAKEFLAGS"), "not run by make")
  local output, code = process.sh(("make -C %s uninstall PREFIX=%s"):format(quoted(ROOT),
    quoted(process.directory())))
  lu.assertStrContains(output, "Nothing was installed there: no " .. process.directory())
  lu.assertNotEquals(code, 0)
end

---- The same files, wherever the tree lies ----

local TestReproducible = process.test_table()

local function build_in(directory)
  run([[
    mkdir -p %s && (cd %s && cp -R .ci core lua scripts Makefile README.md LICENSE %s)
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -C %s -j2 install BUILD=build CFLAGS='-O0 -g' \
      PREFIX=/opt/dpl DESTDIR="$PWD"/%s/stage]], directory, quoted(ROOT),
    quoted(process.directory() .. "/" .. directory), directory, directory)
end

function TestReproducible.test_two_builds_are_alike()
  build_in("one")
  build_in("elsewhere/another")
  run("diff -r one/stage elsewhere/another/stage")
  lu.assertStrContains(installing.list(process.directory() .. "/one/stage"), "opt/dpl/bin/dpl\n")
end

---- The manual page and the completions ----

local TestManual = process.test_table()

local function help_options()
  local text = process.dpl("--help"):match("options, in the order given:\n(.-)\n\n")
  local options = {}
  for option in text:gmatch("  (%-.-)  +[^\n]+\n?") do
    options[#options + 1] = option
  end
  return options
end

-- ".It Fl l Ar g Ns = Ns Ar mod" is "-l g=mod".
local function shown(item)
  return (item:gsub("%f[%w]Fl ?", "-"):gsub("Ar ", ""):gsub(" Ns ", ""))
end

local function manual_options()
  local options = {}
  for item in read(ROOT .. "/core/host/dpl.1"):match("%.Sh DESCRIPTION.-%.Sh")
    :gmatch("\n%.It ([^\n]+)") do
    options[#options + 1] = shown(item)
  end
  return options
end

function TestManual.test_options_are_those_of_help()
  local options = help_options()
  lu.assertTrue(#options >= 9)
  lu.assertEquals(manual_options(), options)
end

function TestManual.test_exit_codes_are_those_of_help()
  local codes = process.dpl("--help"):match("exit codes:\n(.-)\n\n")
  local manual = read(ROOT .. "/core/host/dpl.1"):match("%.Sh EXIT STATUS(.-)%.Sh")
  local count = 0
  for code in codes:gmatch("\n? +(%d+)  ") do
    lu.assertStrContains(manual, "\n.It " .. code .. "\n")
    count = count + 1
  end
  lu.assertEquals(select(2, manual:gsub("\n%.It ", "")), count)
end

function TestManual.test_page_is_well_formed()
  process.skip_without("mandoc")
  local said = process.sh(("mandoc -Tlint -Wwarning %s/core/host/dpl.1"):format(quoted(ROOT)))
  lu.assertEquals(said, "")
end

local TestCompletion = process.test_table()

-- What bash offers for the last of the words.
local function completed(...)
  process.skip_without("bash")
  process.write("complete.bash", ([[
    . %s/core/host/completion/dpl.bash
    COMP_WORDS=(%s "$@"); COMP_CWORD=$#
    _dpl
    printf '%%s\n' "${COMPREPLY[@]}"
  ]]):format(quoted(ROOT), process.DPL))
  local words = {}
  for i, word in ipairs { ... } do
    words[i] = quoted(word)
  end
  return run("bash complete.bash %s", table.concat(words, " "))
end

function TestCompletion.test_options()
  local options = completed("-")
  for _, option in ipairs(help_options()) do
    lu.assertStrContains(options, option:match("^%S+") .. "\n")
  end
  lu.assertEquals(completed("--v"), "--version\n")
  lu.assertEquals(completed("-i", "--h"), "--help\n")
end

function TestCompletion.test_modules()
  lu.assertEquals(completed("-l", "dpl.an"), "dpl.analysis\n")
end

function TestCompletion.test_options_of_scripts()
  local script = ROOT .. "/scripts/compare.lua"
  lu.assertEquals(completed(script, "--ch"), "--chunks\n")
  lu.assertEquals(completed("-e", "x = 1", script, "--ch"), "--chunks\n")
end

function TestCompletion.test_strategies()
  local script = ROOT .. "/scripts/compare.lua"
  lu.assertEquals(completed(script, "--strategies", "gp"), "gpipe\n")
  lu.assertEquals(completed(script, "--strategies", "1f1b,gp"), "1f1b,gpipe\n")
  lu.assertEquals(completed(script, "--strategy", "chi"), "chimera\n")
end

-- A script that would do its work instead of telling its options is not run.
function TestCompletion.test_other_scripts_are_not_run()
  process.write("work.lua", "io.open('was_run', 'w'):close()")
  lu.assertEquals(completed("work.lua", "--"), "\n")
  lu.assertNil(io.open(process.directory() .. "/was_run"))
end

function TestCompletion.test_fish()
  process.skip_without("fish")
  local function complete(line)
    return run("fish --no-config -c %s", quoted(([[
      source %s/core/host/completion/dpl.fish
      complete -C '%s %s']]):format(ROOT, os.getenv("DPL_BIN"), line)))
  end
  lu.assertEquals(complete("--v"), "--version\n")
  lu.assertStrContains(complete("-l dpl.an"), "dpl.analysis\n")
  lu.assertEquals(complete(ROOT .. "/scripts/compare.lua --ch"), "--chunks\n")
end

function TestCompletion.test_zsh_can_read_its_own()
  process.skip_without("zsh")
  run("zsh -n %s/core/host/completion/dpl.zsh", quoted(ROOT))
end

return {
  TestInstall = TestInstall,
  TestReproducible = TestReproducible,
  TestManual = TestManual,
  TestCompletion = TestCompletion,
}
