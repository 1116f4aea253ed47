// XML requests as openconnect 9.01 sends them, hostile ones, and our documents read back.
#include <stdexcept>

#include <gtest/gtest.h>

#include "control/anyconnect/client_text.hpp"
#include "control/anyconnect/xml_reply.hpp"
#include "control/anyconnect/xml_request.hpp"

namespace culvert::control {
namespace {

const std::string kProlog = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

TEST(XmlRequest, Init) {
  const AuthRequest request = parse_auth_request(
      kProlog +
      R"(<config-auth client="vpn" type="init" aggregate-auth-version="2">)"
      R"(<version who="vpn">v9.01-3</version><device-id>linux-64</device-id><capabilities>)"
      R"(<auth-method>single-sign-on-v2</auth-method><auth-method>single-sign-on-external-browser)"
      R"(</auth-method></capabilities><group-access>https://10.99.0.1/</group-access>)"
      R"(</config-auth>)");
  EXPECT_EQ(request.type, AuthRequestType::init);
  EXPECT_EQ(request.device, "linux-64");
  EXPECT_FALSE(request.has_password);
}

TEST(XmlRequest, AuthReply) {
  const AuthRequest request = parse_auth_request(
      kProlog +
      R"(<config-auth client="vpn" type="auth-reply" aggregate-auth-version="2">)"
      R"(<version who="vpn">v9.01-3</version><device-id>linux-64</device-id><opaque is-for="sg">)"
      R"(<tunnel-group>TG</tunnel-group><config-hash>123</config-hash></opaque><auth>)"
      R"(<username>user1</username><password>te&lt;st&amp;pw</password></auth>)"
      R"(<group-select>Friendly B</group-select></config-auth>)");
  EXPECT_EQ(request.type, AuthRequestType::auth_reply);
  EXPECT_EQ(request.username, "user1");
  EXPECT_EQ(request.password.view(), "te<st&pw");
  EXPECT_TRUE(request.has_password);
  EXPECT_EQ(request.group, "Friendly B");
  EXPECT_EQ(request.opaque_group, "TG");
  EXPECT_TRUE(request.xml);
  EXPECT_TRUE(parse_auth_request(R"(<config-auth type="init"><client-cert-fail/></config-auth>)")
                  .no_certificate);
}

// An operator reads it in a line of its own.
TEST(XmlRequest, ADeviceIsOneLineWhateverItSays) {
  const AuthRequest request = parse_auth_request(
      "<config-auth type=\"init\"><device-id>linux\n\nUsername     : "
      "root&#10;\t&#x9b;2J&#x7f;M\u00fcller"
      "</device-id></config-auth>");
  EXPECT_EQ(request.device, "linux??Username     : root???2J?M\u00fcller");
}

TEST(ClientText, IsWhatATerminalShowsAsItIs) {
  EXPECT_EQ(client_text("linux-64"), "linux-64");
  EXPECT_EQ(client_text("\x1b[2J\r\x7f"), "?[2J??");
  EXPECT_EQ(client_text("\xc2\x80\xc2\x9f\xc2\xa0\xc3\x9f"), "??\xc2\xa0\xc3\x9f");
  EXPECT_EQ(client_text("\xc2"), "\xc2");
  EXPECT_EQ(client_text(""), "");
}

TEST(XmlRequest, LogoutAndForm) {
  const AuthRequest logout = parse_auth_request(
      R"(<config-auth type="logout"><session-token>abc</session-token></config-auth>)");
  EXPECT_EQ(logout.type, AuthRequestType::logout);
  EXPECT_EQ(logout.session_token.view(), "abc");
  EXPECT_EQ(parse_auth_request("").type, AuthRequestType::init);
  const AuthRequest form = parse_auth_request("group_list=B&username=u&password=p%2B");
  EXPECT_EQ(form.type, AuthRequestType::auth_reply);
  EXPECT_EQ(form.password.view(), "p+");
  EXPECT_EQ(form.group, "B");
}

TEST(XmlRequest, Bombs) {
  const std::string body = R"(<config-auth type="init">&a;</config-auth>)";
  for (const std::string dtd : {R"(<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>)",
                                R"(<!DOCTYPE x SYSTEM "file:///etc/passwd">)",
                                R"(<!DOCTYPE x [<!ENTITY a SYSTEM "http://192.0.2.1/">]>)"}) {
    EXPECT_THROW((void)parse_auth_request(dtd + body), std::runtime_error);
  }
  std::string deep = R"(<config-auth type="init">)";
  for (int i = 0; i < 1000; i++)
    deep += "<a>";
  EXPECT_THROW((void)parse_auth_request(deep), std::runtime_error);
  std::string wide = R"(<config-auth type="init">)";
  for (int i = 0; i < 1000; i++)
    wide += "<a/>";
  EXPECT_THROW((void)parse_auth_request(wide + "</config-auth>"), std::runtime_error);
  EXPECT_THROW(
      (void)parse_auth_request(R"(<config-auth type="auth-reply"><auth><username>)" +
                               std::string(5000, 'u') + "</username></auth></config-auth>"),
      std::runtime_error);
  EXPECT_THROW((void)parse_auth_request("username=" + std::string(600, 'u')), std::runtime_error);
}

TEST(XmlRequest, Broken) {
  for (const char* body : {"<", "<a/>", "<config-auth/>", "<config-auth type=\"other\"/>",
                           "<config-auth type=\"init\">", "<config-auth type=\"init\"></other>",
                           "<config-auth type=\"init\"/><config-auth/>",
                           "<config-auth type=\"init\">\x80</config-auth>",
                           "<config-auth type=\"init\">&#0;</config-auth>",
                           "<config-auth type=\"init\"><?php x?></config-auth>"}) {
    EXPECT_THROW((void)parse_auth_request(body), std::runtime_error) << body;
  }
}

TEST(XmlRequest, EveryTruncationThrows) {
  const std::string body =
      R"(<config-auth type="auth-reply"><auth><username>u</username><password>p</password></auth></config-auth>)";
  for (size_t size = 1; size < body.size(); size++)
    EXPECT_THROW((void)parse_auth_request(body.substr(0, size)), std::runtime_error) << size;
}

TEST(XmlReply, FormEscapesWhatComesFromOutside) {
  LoginForm form;
  form.tunnel_group = "<TG>";
  form.error = "\"no\" & <no>";
  form.action = "/a\"b";
  form.username = "<u>";
  form.groups = {{"A", false}, {"B'", true}};
  form.selected = "B'";
  const std::string text = login_form(form);
  EXPECT_NE(text.find("<tunnel-group>&lt;TG&gt;</tunnel-group>"), text.npos);
  EXPECT_NE(text.find("param1=\"&quot;no&quot; &amp; &lt;no&gt;\""), text.npos);
  EXPECT_NE(text.find("<option value=\"B&apos;\" selected=\"true\">B&apos;</option>"), text.npos);
  EXPECT_NE(text.find("<option value=\"A\" noaaa=\"1\">A</option>"), text.npos);
  EXPECT_NE(text.find("value=\"&lt;u&gt;\""), text.npos);
  EXPECT_NE(text.find("action=\"/a&quot;b\""), text.npos);
  EXPECT_NE(text.find("<auth id=\"main\">"), text.npos);
  EXPECT_EQ(xml_escape("a\x01\nb"), "a?\nb");
  EXPECT_EQ(xml_escape("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"),
            "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
  EXPECT_EQ(xml_escape("\xc3\xc0\x80\xed\xa0\x80\xff\xef\xbf\xbf"), "??????????");
}

TEST(XmlReply, AServersQuestionIsAForm) {
  LoginForm form;
  form.tunnel_group = "T";
  form.ask = LoginForm::Ask::answer;
  form.username = "ann";
  form.message = "100 %s <sure>?";
  form.groups = {{"Other", true}};
  form.selected = "Other";
  const std::string text = login_form(form);
  EXPECT_NE(text.find("<auth id=\"challenge\">"), std::string::npos);
  // What the server wrote is a parameter of the message, never its format.
  EXPECT_NE(text.find("param1=\"100 %s &lt;sure&gt;?\" param2=\"\">%s</message>"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("type=\"hidden\" name=\"username\" value=\"ann\""), std::string::npos);
  EXPECT_NE(text.find("type=\"hidden\" name=\"group_list\" value=\"Other\""), std::string::npos);
  EXPECT_NE(text.find("type=\"password\" name=\"password\" label=\"Response:\""),
            std::string::npos);
  EXPECT_EQ(text.find("<select"), std::string::npos);
}

TEST(XmlReply, Complete) {
  LoginComplete complete;
  complete.session_index = 7;
  complete.session_token = "abc";
  complete.banner = {"Welcome", "to <us>"};
  const std::string text = login_complete(complete);
  EXPECT_NE(text.find("<auth id=\"success\">"), text.npos);
  EXPECT_NE(text.find("<session-token>abc</session-token>"), text.npos);
  EXPECT_NE(text.find("<banner>Welcome\nto &lt;us&gt;</banner>"), text.npos);
}

}  // namespace
}  // namespace culvert::control
