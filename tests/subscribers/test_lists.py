"""Lists as people really have them: from phone books, spreadsheets and old programs."""

import itertools
from datetime import date

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import example, given
from hypothesis import strategies as st

from subscribers import enrolment, importing, listfile, rights
from subscribers.decoding import ALPHABETS
from subscribers.listfile import Doubtful, Unreadable
from subscribers.models import SubscriberImport
from tests.factories.whatsapp import ContactFactory
from whatsapp import phones

NAME = "Nicolò D'Àngelo"
LIST = f"Nome;Cellulare\n{NAME};3401112233\nGesù Perché;3401112234\n"
INVISIBLE = [
    "\u200b", "\u200e", "\u202a", "\u202c", "\u2060", "\u00ad", "\ufeff", "\ufe0d", "\ufe0f", "\u3164",
    "\uffa0", "\u115f", "\u1160", "\u034f", "\u2800", "\u180e", "\u061c", "\U000e0100",
]  # fmt: skip


def people(text: str | bytes, alphabet: str = "") -> list[tuple[str, str]]:
    data = text.encode() if isinstance(text, str) else text
    return [(line.number, line.name) for line in listfile.read(data, alphabet)]


class TestAboveTheList:
    def test_the_line_with_which_excel_names_the_separator(self) -> None:
        for separator, quote in itertools.product(";,\t|", ("", '"')):
            text = f"{quote}sep={separator}{quote}\r\nNome;Tel\r\nUgo;3401112233\r\n".replace(";", separator)
            (line,) = listfile.read(text.encode("utf-8-sig"))
            assert (line.line, line.number, line.name) == (3, "3401112233", "Ugo")

    def test_titles_are_passed_over_and_lines_counted_with_them(self) -> None:
        text = (
            "Comune di Regalbuto;;\nElenco iscritti, tel. 0935 71099;;\n;;\nNome;Cell;Note\nUgo;3401112233;\n"
        )
        (line,) = listfile.read(text.encode())
        assert (line.line, line.number, line.name) == (5, "3401112233", "Ugo")

    def test_a_title_above_a_list_without_column_names(self) -> None:
        assert people("Elenco 2025;\n3401112233;Ugo\n3401112234;Ada\n") == [
            ("3401112233", ""), ("3401112234", "")
        ]  # fmt: skip

    def test_a_title_that_sounds_like_a_column_does_not_win(self) -> None:
        assert people("Telefono;;\nNome;Cellulare;Data\nUgo;3401112233;1/2/2025\n") == [("3401112233", "Ugo")]

    def test_nobody_above_the_column_names_is_left_out(self) -> None:
        text = "3401112231;Ida\nNome;Cellulare\nUgo;3401112233\n"
        assert [number for number, _ in people(text)] == ["3401112231", "Nome", "Ugo"]

    def test_a_separator_that_cannot_be_one_is_a_title(self) -> None:
        for odd in ('sep="\n', "sep=\r\n", "sep=^\n", "sep=\n"):
            assert people(f"{odd}tel;nome\n3401112233;Ugo\n") == [("3401112233", "Ugo")]

    def test_unknown_column_names_are_refused(self) -> None:
        with pytest.raises(Unreadable, match="Non trovo la colonna"):
            people("Chi;Fax\nUgo;3401112233\n")


class TestNumbers:
    @pytest.mark.parametrize("mark", INVISIBLE, ids=lambda mark: f"U+{ord(mark):04X}")
    @pytest.mark.parametrize("text", ["{}340{}111{}2233{}\n", "te{}l{};nome\n{}340{}1112{}233;Ugo\n"])
    def test_what_cannot_be_seen_is_taken_off(self, mark: str, text: str) -> None:
        for number, _ in people(text.replace("{}", mark)):
            assert phones.written(number) == enrolment.mobile(number) == "+393401112233"

    @pytest.mark.parametrize(
        "written", ["3401112233.0", "3401112233,00", "+393401112233.0", "393401112233.0"]
    )
    def test_the_decimals_of_a_spreadsheet_are_taken_off(self, written: str) -> None:
        assert enrolment.mobile(written) == "+393401112233"

    def test_points_between_the_figures_are_no_decimals(self) -> None:
        assert enrolment.mobile("340.111.22.00") == "+393401112200"

    @pytest.mark.parametrize("written", ["3,47E+09", "3.47E+09", "3,93401E+11", "3,47e9", "3,47 E+09"])
    def test_a_power_of_ten_says_what_happened(self, written: str) -> None:
        with pytest.raises(enrolment.Refused, match="il foglio di calcolo ha rovinato il numero"):
            enrolment.mobile(written)
        assert people(f"{written};Ugo\n3401112233;Ada\n")[0][0] == written

    @pytest.mark.parametrize("written", ["347123456", "+39 347 123 456", "39347123456", "3201234567"[:9]])
    def test_nine_figures_are_asked_for_again(self, written: str) -> None:
        with pytest.raises(enrolment.Refused, match="manca una cifra: i cellulari italiani ne hanno dieci"):
            enrolment.mobile(written)

    @pytest.mark.parametrize("written", ["335123456", "337123456", "360123456", "368123456", "333994999"])
    def test_the_oldest_ranges_have_numbers_of_nine(self, written: str) -> None:
        assert enrolment.mobile(written) == f"+39{written}"

    @pytest.mark.django_db
    def test_a_number_is_not_corrected_into_one_of_nine(self) -> None:
        request = rights.Request("urp", "lo ha chiesto", "di persona")
        with pytest.raises(rights.CannotDo):
            rights.rectify(ContactFactory(), request, name="", phone="347123456")


class TestPhoneBooks:
    def test_google(self) -> None:
        text = (
            "First Name,Middle Name,Last Name,Nickname,Notes,Labels,E-mail 1 - Label,E-mail 1 - Value,"
            "Phone 1 - Label,Phone 1 - Value,Phone 2 - Label,Phone 2 - Value\n"
            'Ugo,,Rossi,,"due\nrighe",* myContacts,,,Home,0935 71099,Mobile,340 111 2233\n'
            "Ada,,,,,,,,Mobile,0935 71098 ::: +39 340 1112234,,\n"
        )
        assert people(text) == [("340 111 2233", "Ugo Rossi"), ("+39 340 1112234", "Ada")]

    def test_google_as_it_was(self) -> None:
        text = (
            "Name,Given Name,Additional Name,Family Name,Group Membership,Phone 1 - Type,Phone 1 - Value\n"
            "Ugo Rossi,Ugo,,Rossi,* My Contacts,Mobile,3401112233\n"
        )
        assert people(text) == [("3401112233", "Ugo Rossi")]

    def test_outlook_in_english(self) -> None:
        text = (
            '"First Name","Last Name","Company","Business Phone","Home Phone","Mobile Phone",'
            '"Primary Phone"\n'
            '"Ugo","Rossi","","0935 71097","0935 71098","340 1112233","0935 71099"\n'
        )
        assert people(text) == [("340 1112233", "Ugo Rossi")]

    def test_outlook_in_italian(self) -> None:
        columns = "Titolo;Nome;Secondo nome;Cognome;Telefono (uff.);Abitazione;Cellulare"
        text = f"{columns}\n;Niccolò;;Rossi;;;3401112233\n"
        assert people(text.encode("cp1252")) == [("3401112233", "Niccolò Rossi")]

    @pytest.mark.parametrize(
        "column",
        ["Numero di cellulare (WhatsApp)", "Cellulare (iPhone)", "Telefono cellulare", "Tel. cell.", "iPhone",
         "WhatsApp", "N. cellulare personale", "Mobile", "Recapito telefonico", "Telefono 1", "Cell 2"],
    )  # fmt: skip
    def test_the_names_that_converters_give(self, column: str) -> None:
        assert people(f"Nome completo,{column},E-mail\nUgo Rossi,3401112233,\n") == [
            ("3401112233", "Ugo Rossi")
        ]

    def test_the_mobile_of_two_numbers_counts_and_the_only_one_otherwise(self) -> None:
        text = "Telefono;Cellulare\n0935 71099;3401112233\n3401112234;\n0935 71099;\n"
        assert [number for number, _ in people(text)] == ["3401112233", "3401112234", "0935 71099"]

    def test_a_vcard_is_refused_with_what_to_do(self) -> None:
        with pytest.raises(Unreadable, match="vCard: esportala di nuovo come CSV"):
            people("BEGIN:VCARD\r\nVERSION:3.0\r\nTEL:3401112233\r\nEND:VCARD\r\n")


# As people write names: a capital and small letters, or capitals throughout.
SMALL, CAPITALS = "abdegilmnoprstuvzàèéìòù", "ABDEGILMNOPRSTUVZÀÈÉÌÒÙ"
WORD = st.builds(str.__add__, st.sampled_from(CAPITALS), st.text(SMALL, min_size=2, max_size=8)) | st.text(
    CAPITALS, min_size=3, max_size=8
)
NAMES = st.lists(st.lists(WORD, min_size=1, max_size=3).map(" ".join), min_size=1, max_size=6)
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", *ALPHABETS]


class TestAlphabets:
    @pytest.mark.parametrize("encoding", ENCODINGS)
    def test_names_with_accents_are_read_as_they_were_written(self, encoding: str) -> None:
        assert people(LIST.encode(encoding)) == [("3401112233", NAME), ("3401112234", "Gesù Perché")]

    @example(["NOËL"]).via("a foreign capital that another alphabet reads as an Italian one")
    @example(["PERCHÈ"]).via("one letter that two alphabets read as Italian")
    @example(["Peña", "Müller"]).via("foreign small letters")
    @given(NAMES)
    def test_no_name_is_ever_changed_in_silence(self, names: list[str]) -> None:
        text = "nome;tel\n" + "".join(f"{name};{3401112200 + n}\n" for n, name in enumerate(names))
        for encoding in ENCODINGS:
            data = text.encode(encoding)
            try:
                read = people(data)
            except Doubtful:
                assert encoding in ALPHABETS
                read = people(data, encoding)
            assert [name for _, name in read] == names

    @given(st.binary(max_size=300), st.sampled_from(["", *ALPHABETS]))
    def test_any_bytes_are_rows_or_a_clear_refusal(self, data: bytes, alphabet: str) -> None:
        try:
            lines = listfile.read(b"nome;tel\n" + data, alphabet)
        except Unreadable:
            return
        assert lines

    @pytest.mark.django_db
    @pytest.mark.parametrize("name", ["NicolÃ²", "PerchÃ©", "Nicol\ufffd"])
    def test_names_spoilt_before_are_refused_row_by_row(self, name: str) -> None:
        user = User.objects.create_superuser("rosa")
        data = f"nome;tel\n{name};3401112233\nUgo;3401112234\n".encode()
        source = importing.preview(data, "a.csv", reference="x", signed_on=date(2025, 3, 10), user=user)
        outcomes = list(source.rows.values_list("outcome", flat=True))
        assert outcomes == ["refused", "ready"]
        assert "lettere rovinate" in source.rows.first().reason  # type: ignore[union-attr]


@pytest.mark.django_db
class TestAsking:
    """The page shows the words in each alphabet and lets a person choose."""

    DATA = "nome;tel\nNOËL;3401112233\n".encode("cp1252")

    @pytest.fixture
    def staff(self, client: Client) -> Client:
        client.force_login(User.objects.create_superuser("rosa"))
        return client

    def upload(self, client: Client, **chosen: str) -> str:
        fields = {"reference": "faldone 3", "signed_on": "2025-03-10", **chosen}
        file = SimpleUploadedFile("lista.csv", self.DATA)
        page = client.post("/admin/subscribers/subscriberimport/add/", {"file": file, **fields}, follow=True)
        return page.content.decode()

    def test_who_uploads_chooses(self, staff: Client) -> None:
        assert (
            "Come si leggono bene"
            not in staff.get("/admin/subscribers/subscriberimport/add/").content.decode()
        )
        page = self.upload(staff)
        for shown in ("NOËL — Windows", "NOÀL — Mac", "con quale alfabeto"):
            assert shown in page
        assert not SubscriberImport.objects.exists()
        assert "Conferma: iscrivi 1 persona" in self.upload(staff, alphabet="cp1252")
        assert SubscriberImport.objects.get().rows.get().name == "NOËL"

    def test_an_alphabet_that_was_not_offered_is_refused(self, staff: Client) -> None:
        assert "errorlist" in self.upload(staff, alphabet="rot13")
        assert not SubscriberImport.objects.exists()
