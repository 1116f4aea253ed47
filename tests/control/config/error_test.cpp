// Every kind of error: the sentence, the line, and where the caret stands.
#include <gtest/gtest.h>

#include "tests/control/config/hasher.hpp"

namespace culvert::control {
namespace {

TEST(ConfigErrors, PointAtTheWord) {
  EXPECT_EQ(errors_of("hostname x\nmtu outside 63\n"),
            "lab.conf:2: Invalid input detected at '^' marker: expected a number from 64 to 9198.\n"
            "mtu outside 63\n"
            "            ^\n");
  EXPECT_EQ(errors_of("dataplane\n\tidle\tnever ! why\n"),
            "lab.conf:2: Invalid input detected at '^' marker: expected \"auto\", \"spin\" or "
            "\"sleep\".\n"
            " idle never\n"
            "      ^\n");
  EXPECT_EQ(errors_of("hostname one two\n"),
            "lab.conf:1: Invalid input detected at '^' marker: expected the end of the line.\n"
            "hostname one two\n"
            "             ^\n");
}

TEST(ConfigErrors, TellIncompleteFromAmbiguous) {
  EXPECT_EQ(errors_of("ip local pool\n"),
            "lab.conf:1: Incomplete command: expected a word (name).\n"
            "ip local pool\n"
            "             ^\n");
  EXPECT_EQ(
      errors_of("sysopt connection tcpmss\n"),
      "lab.conf:1: Incomplete command: expected 0 or a number from 48 to 65535 or \"minimum\".\n"
      "sysopt connection tcpmss\n"
      "                        ^\n");
  EXPECT_NE(errors_of("dataplane\n s 512\n").find("lab.conf:2: Ambiguous command at '^' marker"),
            std::string::npos);
  EXPECT_NE(errors_of("no\n").find("Incomplete command"), std::string::npos);
}

TEST(ConfigErrors, NeverShowAPassword) {
  for (const std::string_view line :
       {"username u password hunter2 pbkdf2", "username u password hunter2 privilege 15",
        "usernam u password hunter2 x", "username u passwrd hunter2",
        "user name u password hunter2", "username u password \"hunter2",
        "username u password two hunter2", "username u password hunter2 \x01",
        "username u password hunter2\xff"}) {
    const std::string said = errors_of(line);
    EXPECT_NE(said, "") << line;
    EXPECT_EQ(said.find("hunter2"), std::string::npos) << said;
  }
  EXPECT_EQ(errors_of("username u password hunter2 privilege\n"),
            "lab.conf:1: Invalid input detected at '^' marker: expected \"pbkdf2\" or the end of "
            "the line.\n"
            "username u password ***** *****\n"
            "                          ^\n");
}

TEST(ConfigErrors, FindWhatIsNoText) {
  EXPECT_EQ(
      errors_of(std::string_view("hostname a\0b\n", 13)),
      "lab.conf:1: The line holds a control character: only printable text and tabs are allowed.\n"
      "hostname ...\n"
      "         ^\n");
  EXPECT_NE(errors_of("hostname \xff\n").find("not valid UTF-8"), std::string::npos);
  for (const char* bad :
       {"\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8", "\xc3", "\x80"}) {
    EXPECT_FALSE(parse(std::string("banner ") + bad).ok()) << bad;
  }
  EXPECT_TRUE(parse("group-policy \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80 internal\n").ok());
  EXPECT_NE(errors_of("hostname " + std::string(100'000, 'a')).find("hostname ...\n         ^"),
            std::string::npos);
  EXPECT_TRUE(parse("! " + std::string(kMaxConfigLine - 2, 'a')).ok());
  EXPECT_FALSE(parse("! " + std::string(kMaxConfigLine - 1, 'a')).ok());
}

TEST(ConfigErrors, SetTheCaretByCharacters) {
  EXPECT_EQ(errors_of("mtu \xc3\xa4\xc3\xa4 5\n")
                .substr(errors_of("mtu \xc3\xa4\xc3\xa4 5\n").find('\n')),
            "\nmtu \xc3\xa4\xc3\xa4 5\n       ^\n");
}

TEST(ConfigErrors, DoNotRepeatThemselvesForABlockThatWasNotEntered) {
  EXPECT_EQ(
      parse("group-policy A attributes\n webvpn\n  anyconnect mtu 1300\nnonsense\n").errors.size(),
      2U);
}

struct Bad {
  const char* text;
  size_t line, column;
  const char* sentence;
};

class BadConfig : public testing::TestWithParam<Bad> {};

TEST_P(BadConfig, IsExplained) {
  const Bad& bad = GetParam();
  const auto r = parse(bad.text);
  ASSERT_FALSE(r.errors.empty()) << bad.text;
  const auto& e = r.errors.front();
  EXPECT_EQ(e.line, bad.line) << e.to_string();
  EXPECT_EQ(e.column, bad.column) << e.to_string();
  EXPECT_NE(e.message.find(bad.sentence), std::string::npos) << e.to_string();
  EXPECT_NE(e.caret, "");
  EXPECT_EQ(r.config, default_config());
}

#define A "interface a\n nameif outside\n ip address 192.0.2.1 255.255.255.0\n"
INSTANTIATE_TEST_SUITE_P(
    All, BadConfig,
    testing::Values(
        Bad{"nonsense", 1, 1, "Invalid input"},
        Bad{"hostname -x", 1, 10, "letters, digits and hyphens"},
        Bad{"hostname \"open", 1, 10, "quote is not closed"},
        Bad{"logging host nowhere 10.0.0.1", 1, 14, "No interface is called nowhere"},
        Bad{"logging host inside 10.0.0.1 sctp/5", 1, 30, "udp or tcp"},
        Bad{"logging host inside 10.0.0.1 udp/0", 1, 30, "udp or tcp"},
        Bad{"logging facility 15", 1, 18, "16 to 23"},
        Bad{"logging device-id string a_very_long_device_name", 1, 26, "at most 16"},
        Bad{"logging console e", 1, 17, "a severity"},
        Bad{"logging console 8", 1, 17, "a severity"},
        Bad{"dataplane\n workers 1,1", 2, 10, "cores such as"},
        Bad{"dataplane\n workers 3-1", 2, 10, "cores such as"},
        Bad{"dataplane\n workers 128", 2, 10, "cores such as"},
        Bad{"dataplane\n workers 1-65", 2, 10, "at most 64"},
        Bad{"dataplane\n simd 129", 2, 7, "128 or 256 or 512"},
        Bad{"interface a\n ip address 192.0.2.1 255.0.255.0", 2, 23, "contiguous mask"},
        Bad{"interface a\n ip address 192.0.2.1 255.255.255.255", 2, 23, "needs a mask"},
        Bad{"interface a\n ip address 192.0.2.0 255.255.255.0", 2, 13, "network itself"},
        Bad{"interface a\n ip address 192.0.2.255 255.255.255.0", 2, 13, "broadcast"},
        Bad{"interface a\n ip address 224.0.0.1 255.255.255.0", 2, 13, "cannot be given"},
        Bad{"interface a\n ip address 192.0.2.01 255.255.255.0", 2, 13, "IPv4 address"},
        Bad{A "interface b\n nameif outside", 5, 9, "called outside already"},
        Bad{A "interface b\n ip address 192.0.2.1 255.255.255.0", 5, 13,
            "has the address 192.0.2.1 already"},
        Bad{A "interface b\n ip address 192.0.2.129 255.255.255.128", 5, 13,
            "overlaps that of 192.0.2.1"},
        Bad{"mtu outside 1500", 1, 5, "No interface is called outside"},
        Bad{"route nowhere 0.0.0.0 0.0.0.0 192.0.2.2", 1, 7, "No interface is called nowhere"},
        Bad{A "route outside 10.0.0.1 255.0.0.0 192.0.2.2", 4, 15, "bits outside its mask"},
        Bad{A "route outside 0.0.0.0 0.0.0.0 192.0.3.2", 4, 31, "not in the network"},
        Bad{A "route outside 0.0.0.0 0.0.0.0 192.0.2.1", 4, 31, "this box itself"},
        Bad{A "route outside 0.0.0.0 0.0.0.0 192.0.2.2 0", 4, 41, "from 1 to 255"},
        Bad{"ip local pool P 10.0.0.9-10.0.0.1", 1, 17, "FIRST-LAST"},
        Bad{"ip local pool P 10.0.0.1-10.0.1.1 mask 255.255.255.0", 1, 17, "crosses the boundary"},
        Bad{"ip local pool P 10.0.0.1-10.0.0.9 mask 255.0.255.0", 1, 40, "contiguous mask"},
        Bad{"ip local pool P 10.0.0.1-10.0.0.9\nip local pool Q 10.0.0.9-10.0.0.10", 2, 17,
            "overlaps pool P"},
        Bad{A "ip local pool P 192.0.2.1-192.0.2.9", 4, 17, "the address of interface a"},
        Bad{"sysopt connection tcpmss 47", 1, 26, "48 to 65535"},
        Bad{"sysopt connection tcpmss minimum 2000", 1, 34, "above the maximum"},
        Bad{"ssl cipher tlsv1.2 custom A;B", 1, 27, "OpenSSL's names"},
        Bad{"ssl cipher tlsv1.1 custom A", 1, 12, "the oldest is tlsv1.2"},
        Bad{"ssl cipher default high", 1, 12, "name tlsv1.2 or tlsv1.3"},
        Bad{"ssl cipher tlsv1.2 strong", 1, 20, "\"high\""},
        Bad{"ssl server-version tlsv1", 1, 20, "the oldest is tlsv1.2"},
        Bad{"ssl server-version tlsv1.1", 1, 20, "the oldest is tlsv1.2"},
        Bad{"ssl encryption aes256-sha256", 1, 16, "Invalid input"},
        Bad{"webvpn\n port 0", 2, 7, "1 to 65535"}, Bad{"webvpn\n port 65536", 2, 7, "1 to 65535"},
        Bad{"webvpn\n enable outside", 2, 9, "No interface is called outside"},
        Bad{"interface a\n nameif o\nwebvpn\n enable o", 4, 9, "has no IP address"},
        Bad{"group-policy A attributes", 1, 14, "does not exist"},
        Bad{"no group-policy DfltGrpPolicy", 1, 17, "cannot be removed"},
        Bad{"no tunnel-group DefaultWEBVPNGroup", 1, 17, "cannot be removed"},
        Bad{"group-policy DfltGrpPolicy attributes\n address-pools value Q", 2, 22,
            "no address pool Q"},
        Bad{"group-policy DfltGrpPolicy attributes\n webvpn\n  anyconnect mtu 575", 3, 18,
            "576 to 1462"},
        Bad{"group-policy DfltGrpPolicy attributes\n webvpn\n  anyconnect mtu 1463", 3, 18,
            "576 to 1462"},
        Bad{"group-policy DfltGrpPolicy attributes\n webvpn\n  anyconnect dpd-interval client 4", 3,
            34, "5 to 3600"},
        Bad{"group-policy DfltGrpPolicy attributes\n webvpn\n  anyconnect ssl keepalive 601", 3, 28,
            "15 to 600"},
        Bad{"tunnel-group T general-attributes", 1, 14, "does not exist"},
        Bad{"tunnel-group DefaultWEBVPNGroup general-attributes\n address-pool Q", 2, 15,
            "no address pool Q"},
        Bad{"tunnel-group T type remote-access\ntunnel-group T webvpn-attributes\n group-alias x "
            "enable\n"
            "tunnel-group U type remote-access\ntunnel-group U webvpn-attributes\n group-alias x "
            "enable",
            6, 14, "has the alias x already"},
        Bad{"aaa-server LOCAL protocol radius", 1, 12, "own users"},
        Bad{"aaa-server R host 192.0.2.1", 1, 12, "does not exist"},
        Bad{"aaa-server R protocol radius\naaa-server R inside host 192.0.2.1", 2, 14,
            "in parentheses"},
        Bad{"aaa-server R protocol radius\naaa-server R host 192.0.2.1\n key *****", 3, 6,
            "the key itself"},
        Bad{"aaa-server R protocol radius\naaa-server R host 192.0.2.1\n timeout 0", 3, 10,
            "1 to 300"},
        Bad{"tunnel-group DefaultWEBVPNGroup general-attributes\n authentication-server-group R", 2,
            30, "no AAA server group R"},
        Bad{"tunnel-group DefaultWEBVPNGroup general-attributes\n accounting-server-group R", 2, 26,
            "no AAA server group R"},
        Bad{"username u attributes", 1, 10, "does not exist"},
        Bad{"username u password plain pbkdf2", 1, 21, "$sha512$"}));

}  // namespace
}  // namespace culvert::control
