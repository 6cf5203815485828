"""The words of `severity`, as tables. Whoever knows the town's Italian can correct them here.

Patterns are regular expressions over text already made plain (`severity.plain`): small letters, no accents,
no apostrophes, doubled letters made single on both sides («alagamento» is found too), so never write `ll?`.
They match whole words; write `\\w*` where endings vary.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Danger:
    """Words that may mean danger to people now.

    Attributes:
        reason: what the staff read under «perché è qui».
        category: slug the words point to; empty: whatever the other words say.
        pattern: what is looked for.
        certain: False where a mere possibility («rischia di crollare») is danger enough; True where it is
            not («prima che ci sia un incidente»), and then the case is serious (3), not danger (4).
    """

    reason: str
    category: str
    pattern: str
    certain: bool = False


_PERSON = (
    r"(?:persona|persone|uomo|donna|signora|signore|anzian\w|ragazz\w|bambin\w|vecchi\w\w?|vecchiett\w"
    r"|qualcuno|gente|picciotto|picciriddu|operaio|ciclista|motociclista|pedone)"
)
_WIRE = r"(?:cav[oi]|fil[oi])"
_LOOSE = (
    r"(?:scopert\w|scopert\w\w|penzol\w+|pendon\w|pende|pendent\w|a terra|per terra|tranciat\w|spezzat\w"
    r"|strappat\w|cadut\w|nud[oi]|fuori|volant\w|staccat\w|scintill\w+|bassissim\w)"
)

DANGERS = (
    Danger(reason="parla di gas", category="sicurezza",
           pattern=r"gas|metano|gpl|monossido|bombol[ae] (?:che )?(?:perd\w+|sfiat\w+|fischi\w+)"),
    Danger(reason="parla di incendio o fiamme", category="sicurezza", certain=True,
           pattern=r"incend\w+|inciendi\w|ncendi\w|fiamm[ae]|fuoco|focu|foco|brucia|bruciano|bruciando"
                   r"|rogo|roghi|divamp\w+"),
    Danger(reason="parla di fumo", category="sicurezza", certain=True,
           pattern=r"fumo|fumu|fumi|fumata|(?:puzza|odore|fetu|feto) di bruciato"),
    Danger(reason="parla di esplosione", category="sicurezza", certain=True,
           pattern=r"esplo\w+|scoppi\w+|boato|ordigno|(?:c e una|allarme|trovat\w una|trovat\w la) bomba"),
    Danger(reason="parla di crollo", category="",
           pattern=r"croll\w+|pericolant\w|cedimento|ha ceduto|hanno ceduto|si (?:sta|stanno) (?:spezzando"
                   r"|staccando|inclinando|piegando|aprendo)|sta cedendo|cedendo"
                   r"|(?:sta|stanno|staju?) (?:per )?(?:cadere|cedere|cascare|venire giu|cadendo|cascando"
                   r"|venendo giu|venennu giu|cascannu)"
                   r"|(?:rischi\w+|minaccia|minacciano) di (?:cadere|venire giu|cedere)|puo cadere"
                   r"|venut\w giu"
                   r"|(?:cad\w+|casc\w+|si stacc\w+|piovono|viene giu|vengono giu|caschinu) (?:\w+ ){0,2}"
                   r"(?:pezz[oi]|calcinac\w+|pietre|tegol[ae]|intonac[oi]|cornicion[ei])"
                   r"|(?:pezz[oi]|calcinac\w+|tegol[ae]|cornicion[ei]) (?:che )?(?:cad\w+|casc\w+)"),
    Danger(reason="parla di cavi elettrici", category="illuminazione",
           pattern=rf"{_WIRE} (?:\w+ ){{0,4}}{_LOOSE}|{_LOOSE} (?:\w+ ){{0,2}}{_WIRE}"
                   rf"|{_WIRE} (?:elettric\w|elettrici|della luce|della corrente|dell enel|ra luci|scupert\w)"
                   r"|alta tensione|folgorat\w|scintill\w+|corto ?circuito|(?:prende|preso|da|dato"
                   r"|dava) la scossa"),
    Danger(reason="parla di persone ferite o in difficoltà", category="sicurezza", certain=True,
           pattern=r"ferit[oiae]|fatt[oaie] male|facisse male|si fa male|(?:perd\w+|coperto di|pozza di"
                   r"|pieno di|tanto|c e del|c e) sangue|sangue (?:a|per) terra|sanguin\w+|svenut[oaie]"
                   rf"|incosciente|malore|infarto|{_PERSON} (?:\w+ ){{0,3}}(?:a|per|in|n) terra"
                   r"|(?:incastrat|intrappolat)[oaie]"
                   r"|bloccat[oaie] (?:dentro|in ascensore|nell ascensore|in casa|sotto|in (?:macchina|auto))"
                   r"|annega\w*|affoga\w*|non respira|suicid\w+"
                   rf"|{_PERSON} (?:\w+ ){{0,8}}non (?:si (?:alza|rialza|muove)|risponde|reagisce)"
                   rf"|investit[oaie] (?:un |una )?{_PERSON}|stat[oa] investit[oa]|caduto (?:dentro|nel"
                   rf"|in un)"
                   r"|caduta (?:dentro|nel|in un)"
                   rf"|{_PERSON} (?:\w+ )?(?:mort[oa]|dispers[oa]|scompars[oa])|ci scappa il morto"),
    Danger(reason="parla di allagamento", category="acqua-fognature", certain=True,
           pattern=r"allag\w+|acqua alta|inond\w+|esond\w+|alluvion\w+|strarip\w+|(?:un|come un|pare un"
                   r"|nu) (?:fiume|ciumi)"
                   r"|acqua (?:\w+ ){0,2}(?:entra|entrando|entrata) (?:\w+ ){0,2}(?:cas[ae]|garage"
                   r"|negoz\w+|cantin\w+)"
                   r"|(?:entra|entrando|entrata) (?:l )?acqua|acqua (?:in|dentro) (?:casa|le case)"),
    Danger(reason="parla di voragine", category="strade",
           pattern=r"voragin[ei]|sprofond\w+|(?:strada|asfalto) (?:\w+ )?(?:aperta|aperto) in due"),
    Danger(reason="parla di un tombino aperto", category="strade",
           pattern=r"(?:tombin[oi]|chiusin[oi]|pozzett[oi]|grat[ae]|griglia|botola) (?:\w+ ){0,3}"
                   r"(?:apert[oaie]|scopert[oaie]|scoperchiat[oaie]|mancant[ei]|senza (?:il )?(?:coperchio"
                   r"|chiusino)|rubat[oaie])"
                   r"|(?:manca|mancano|rubato|rubata|sparito|sparita|tolto|tolta|non c e piu"
                   r"|non c e) (?:\w+ )?(?:il |lo |u )?(?:coperchio|chiusino|tombino|grata|griglia|botola)"),
    Danger(reason="qualcosa è caduto su persone, case o auto", category="",
           pattern=r"(?:cadut|cascat|finit|precipitat)[oaie] (?:addosso|(?:sopra|su|sulla|sul|sull|sulle"
                   r"|supra) (?:\w+ )?"
                   rf"(?:macchina|auto|casa|case|tetto|{_PERSON}))"
                   r"|(?:casca|cade|cadi|crolla) (?:il |lo |u |a |la |un |l )?"
                   r"(?:muro|muru|tetto|solaio|soffitto|balcone|palo|albero|arulu|ponte)"),
    Danger(reason="parla di frana", category="strade", certain=True,
           pattern=r"frana|frane|franat[oa]|franando|smottament[oi]"
                   r"|(?:mass[oi]|roccia|rocce) (?:\w+ ){0,3}(?:strada|carreggiata|provinciale|statale"
                   r"|asfalto)|(?:cadut[oiea]|cadono|casca\w*) (?:\w+ )?(?:mass[oi]|rocce)|(?:massi"
                   r"|rocce) (?:\w+ )?(?:cadut\w|cadono)"),
    Danger(reason="parla di incidente", category="sicurezza", certain=True,
           pattern=r"incidente|incidenti|scontro|scontrat[eio]|schiant\w+|ribaltat[oa]|capottat[oa]"),
    Danger(reason="parla di aggressione", category="sicurezza", certain=True,
           pattern=r"rissa|coltell\w+|pistol\w+|sparatoria|spari|sparato|si stanno (?:picchi\w+|ammazz\w+)"
                   r"|picchia\w+|accoltell\w+|rapinat\w|rapina (?:in corso|al|alla|in)|(?:fatto|stata"
                   r"|c e) (?:una )?rapina|aggred\w+"),
    Danger(reason="parla di morsi di animali", category="animali", certain=True,
           pattern=r"morso|mors[ie]|morsicat[oaie]|morde|mordono|azzannat[oaie]|muzzicat[oaui]"),
    Danger(reason="chiede soccorso", category="sicurezza", certain=True,
           pattern=r"ambulanza|pompieri|vigili del fuoco|soccorso|soccorsi|sos|pericolo di (?:vita|morte)"
                   r"|aiuto (?:aiuto|subito|presto)|help"),
)  # fmt: skip

# Said of danger, but not meant: replaced before anything is looked for. (pattern, what stays of it)
FIGURES = (
    (r"gasoli\w+", "carburante"),
    (r"don bosco", ""),  # a street
    (r"a tutto gas|gas serra|a gas aperto|dare gas|dando gas|danno gas|sgassa\w*", ""),
    (r"gas di scarico|gas dei motori", ""),
    (r"(?:bollett\w|utenz\w|contratt\w|allacc\w+|fornitur\w|prezzo|costo|pagare|caro|societa|ditta|operai"
     r"|tecnici|lettura|letturista|portare|arriva|arrivera) (?:\w+ ){0,2}(?:gas|metano)", ""),
    (r"(?:scav[oi]|lavori|posa|tracci\w|rete|linea|tub\w) (?:\w+ ){0,2}(?:del|per il|per|di|il) (?:gas"
     r"|metano)", "scavo"),
    (r"scav\w+ (?:\w+ ){0,3}(?:gas|metano)", "scavo"),
    (r"(?:auto|macchina|distributore|impianto|stufa|cucina|caldaia|fornello) (?:a|di) "
     r"(?:gas|metano|gpl)", ""),
    (r"non (?:c e|arriva) (?:piu )?(?:il )?gas", ""),
    (r"da morire|mort[oi] di (?:fame|freddo|sonno|caldo|noia|paura|ridere|vergogna|sete)|morir\w di \w+"
     r"|morendo di \w+", ""),
    (r"(?:mi|ci|lo|la|li|ti|vi) (?:ha|hanno) fulminat\w", ""),
    (r"fulminat\w con lo sguardo|colpo di fulmine", ""),
    (r"pres\w fuoco (?:la|il) (?:polemica|dibattito|discussione|consiglio|web)|(?:fuoco|focu) (?:di"
     r"|i) sant? \w+|sacro fuoco|a fuoco per (?:il|la|lo|i|le)", ""),
    (r"fuoc[oh]i? di paglia|man[oi] (?:\w+ )?sul fuoco|a ferro e fuoco|fuoco amico|prova del fuoco"
     r"|linea di fuoco|tiro al fuoco"
     r"|armi? da fuoco|gioc\w+ col fuoco|battesimo del fuoco|fuoco e fiamme", ""),
    (r"(?:fuochi|giochi) (?:d|di|dell) ?artifici\w+|fuochi artificiali|giochi di fuoco|jocu i focu"
     r"|spettacolo pirotecnic\w", "botti"),
    (r"(?:caserma|sede|distaccamento|vicino|davanti|accanto|dietro|fronte|presso) (?:dei|de|ai|a|i"
     r"|alla) (?:\w+ (?:dei |de ))?(?:vigili del fuoco|pompieri)|anti ?incendi\w*", ""),
    (r"bocchett\w anti\w*|porta taglia ?fuoco", ""),
    (r"tutto fumo|fumo negli occhi|vend\w+ fumo|fumo e niente|andat\w in fumo|va in fumo|vanno in fumo"
     r"|mandat\w in fumo"
     r"|fumo passivo|fumo di sigarett\w|vietato fumare|senza fumo|canna fumaria|area fumatori"
     r"|fumo di londra|odia il fumo", ""),
    (r"bruci(?:a|ano) (?:dal |di )?(?:rabbia|invidia|vergogna|la gola|gli occhi|i soldi|le tappe"
     r"|ancora la sconfitta)", ""),
    (r"(?:mi|ci|gli|che) brucia(?:no)? (?:\w+ )?(?:sconfitta|offesa|ingiustizia|torto|gli occhi|la gola"
     r"|dentro|ancora)", ""),
    (r"(?:sole|caldo) (?:che )?brucia|si brucia dal (?:sole|caldo)|bruci\w+ il (?:semaforo|rosso|stop)"
     r"|bruci\w+ sul tempo", "sole"),
    (r"(?:prezzi|tasse|bollette|citta|paese|tifosi|campionato|asfalto) (?:\w+ )?(?:in fiamme|alle stelle)"
     r"|fiamme gialle|vecchi\w fiamm\w|ritorno di fiamma|fiamm\w olimpic\w", ""),
    (r"incendi\w+ (?:gli animi|la piazza|il pubblico|la serata|la polemica)", ""),
    (r"esplo(?:so|sa|de|dono|dere|dendo) (?:\w+ )?(?:di (?:gioia|rabbia|felicita|vita|caldo)|polemic\w"
     r"|la polemica|il caso|la moda|social\w*)", ""),
    (r"esplosion\w (?:di|demografic\w) ?(?:gioia|colori|polemic\w|sapori|vita|affetto|nascite|fiori"
     r"|profumi|prezzi)?", ""),
    (r"(?:polemica|rabbia|testa|caso|moda|bollett\w|prezzi|costi|spese|tasse) (?:\w+ ){0,2}?(?:e |mi |sta "
     r"|sono )?(?:esplos\w|esplod\w+|scoppi\w+)|esplorat\w+|esplora\w*", ""),
    (r"scoppi\w+ (?:a ridere|a piangere|in lacrime|di salute|di caldo|di gioia|a ridiri)|scoppiettante", ""),
    (r"(?:villa|piazza|cassonett\w|cestin\w|bidon\w) scoppi\w+(?: di)?|che scoppia di|scoppia di (?:gente"
     r"|rifiuti|spazzatura)", "rifiuti"),
    (r"scoppi\w+ (?:\w+ ){0,2}(?:tubo|tubatura|tubazione|conduttura|condotta|autoclave)", "tubo rotto"),
    (r"(?:tubo|tubatura|tubazione|conduttura|condotta) (?:\w+ ){0,3}(?:scoppi\w+|esplos\w)", "tubo rotto"),
    (r"scoppi\w+ (?:\w+ ){0,2}(?:gomma|ruota|pneumatico|palloncin\w|pallone)|(?:gomma"
     r"|ruota) (?:\w+ ){0,2}scoppi\w+", "gomma"),
    (r"(?:e|era|sei|siete|sono|stata|proprio|davvero) (?:\w+ )?(?:una|na|la|delle) (?:bomba|bombe|frana"
     r"|frane)", ""),
    (r"(?:che|proprio una) frana|frana di servizio"
     r"|(?:scoppi|esplo)\w+ (?:\w+ )?(?:testa|cuore|cervello)|(?:mi|ci|ti) (?:scoppi|esplod)\w+", ""),
    (r"bomba (?:\w+ )?(?:la festa|il concerto|d acqua|ecologica)"
     r"|bombe alla crema|notizia bomba|bomboniere?", ""),
    (r"croll\w+ (?:\w+ )?(?:dei prezzi|del prezzo|nervoso|delle vendite|delle nascite|demografico|in borsa"
     r"|dal sonno|di sonno"
     r"|dalla stanchezza|totale|emotivo|psicologico|dalle risate|il mondo addosso|di iscritti"
     r"|degli iscritti|del turismo)", ""),
    (r"(?:mi|ci) (?:e |sta )?croll\w+ (?:il mondo|tutto|addosso)|crollat\w (?:i prezzi|le vendite"
     r"|la fiducia)", ""),
    (r"(?:sono|ero) crollat[oa]|siamo crollat\w (?:dal|di|per|dalla) \w+", ""),
    (r"(?:scuola|teatro|stadio) che veniva giu dagli applausi|venut\w giu il mondo|(?:casc|croll"
     r"|cad)\w+ (?:le braccia|dal sonno|il mondo)", ""),
    (r"(?:sta|stanno) cadendo (?:\w+ )?(?:la (?:pioggia|neve|notte)|le foglie|foglie|neve|dalle nuvole"
     r"|in disuso|a pezzi)", ""),
    (r"ha ceduto (?:il passo|il posto|la parola|alla tentazione)|cedendo il passo", ""),
    (r"ferit\w (?:nell orgoglio|nei sentimenti|nell animo|dentro|dalle parole|al cuore|aperta"
     r"|profonda per)|una ferita per", ""),
    (r"(?:feritoi\w|sangue freddo|sangue amaro|sud\w+ sangue|donare (?:il )?sangue"
     r"|donazione (?:di|del) sangue"
     r"|analisi del sangue|prelievi? (?:del|di) sangue|donatori di sangue|sangue blu|al sangue)", ""),
    (r"fa(?:nno)? acqua da tut\w+ (?:le )?part\w|carta d identita|sangue dal naso|bruciat\w (?:l |la |il "
     r"|un |una )(?:occasione|carriera|possibilita|estate)", ""),
    (r"voragin\w (?:\w+ ){0,2}(?:conti|bilancio|debit\w+|finanziaria|economica|di bilancio)", ""),
    (r"sprofond\w+ (?:dalla vergogna|nel sonno|nella vergogna|nel ridicolo|in serie|nella noia)"
     r"|silenzio \w+ sprofond\w+", ""),
    (r"(?:allagat|inondat|sommers)\w (?:di|da|dalle|dai|dagli) (?:mail|email|messaggi\w*|volantini"
     r"|pubblicita|telefonate|richieste|notifiche|turisti|spam|rifiuti|proteste|like|bollette|tasse)", ""),
    (r"inond\w+ (?:\w+ )?(?:di|da) (?:messaggi\w*|mail|volantini|pubblicita|affetto|luce)"
     r"|un fiume di (?:gente|persone|parole|turisti"
     r"|auto|macchine|lacrime|soldi)|fiume salso|lungo il fiume|vicino al fiume", ""),
    (r"(?:scontro|scontri) (?:\w+ )?(?:politic\w|in consiglio|verbal\w|in campo|sul campo|diretto)"
     r"|incidente diplomatico", ""),
    (r"morsi? (?:della|dalla) (?:fame|crisi)|morsett\w+|mordi e fuggi|morde il freno|un morso di", ""),
    (r"(?:alla|a) fin\w del la? mente|centro (?:di )?soccorso|pronto soccorso|cassetta (?:di"
     r"|del) (?:primo )?soccorso|corso di primo soccorso", ""),
    (r"rapina a mano armata (?:la|sta|questa) \w+|(?:e|questa e) una rapina|prezzi da rapina", ""),
    (r"(?:cavi|fili|rame) (?:\w+ )?rubat\w|rubat\w (?:i |dei |tutti i )?(?:cavi|fili)|cavo (?:d acciaio"
     r"|della fibra|di rete)|filo (?:diretto|d erba|spinato|interdentale)"
     r"|per un filo|filo di \w+|(?:perso|perdere) il filo|per filo e per segno", "lampione"),
    (r"scossa (?:di adrenalina|elettorale)|dare una scossa|una bella scossa|data una scossa", ""),
    (r"pistol\w (?:ad acqua|giocattolo|del distributore)|coltell\w (?:da cucina per|svizzero)", ""),
    (r"(?:centro|sportello) anti ?violenza", ""),
    (r"falso allarme", "falsoallarme"),
)  # fmt: skip

# Long ago: attached to the word («l'incendio dell'anno scorso»), or over the sentence if nothing is of now.
PAST = (
    r"(?:ann[oi] scors[oi]|scors[oi] ann[oi]|ann[oi] (?:e \w+ )?fa|mes[ei] (?:e \w+ )?fa|mes[ei] scors[oi]"
    r"|scors[oi] mes[ei]"
    r"|settiman\w fa|settimana scorsa|scorsa settimana|estate scorsa|scorsa estate|inverno scorso"
    r"|scorso inverno"
    r"|autunno scorso|tempo fa|una volta|in passato|anni (?:70|80|90|settanta|ottanta|novanta)|quando ero"
    r"|ai tempi"
    r"|(?:nel|del|dal|dell) (?:19|20)\d\d|(?:di|dello|dell|a|ad|in|scorso) (?:luglio|agosto|giugno) scorso"
    r"|gia (?:passat|success)\w|altro anno|l atro anno|annu passatu|anno passato)"
)
# Of yesterday, and over: only with such a verb. «Da ieri puzza di gas» is of now.
OVER = r"(?:c era|c erano|c e stat[oa]|ci sono stat[ie]|ci fu|ci furono|era scoppiat\w|e stat[oa] spent[oa])"
YESTERDAY = (
    r"(?:ieri|giorni fa|giorno fa|altro ieri|domenica scorsa|sabato scorso|lunedi scorso|venerdi scorso)"
)
NOW = (
    r"(?:adesso|ora|ancora|di nuovo|nuovamente|sta|stanno|oggi|stamattina|stasera|stanotte|in corso|sento"
    r"|si sente|vedo"
    r"|c e (?!stat)|ci sono (?!stat)|come|nessuno|segnalat\w|scritto|avvisat\w|chiamat\w|torna\w*"
    r"|riaccend\w+|ripres\w)"
)
# Directly before a danger word (articles may stand between): it is denied.
DENIALS = (
    r"(?:(?:non|mica|nemmeno|neanche) (?:ci )?(?:c e|ce|sono|e|era|erano|c era|c erano|vedo|sento|si sente"
    r"|si vede|risult\w+|c e stat\w"
    r"|ci sono stat\w|parlo di|parliamo di|si tratta di|c entra|ho visto|ho sentito|sono stat\w|e stat\w"
    r"|ha fatto|abbiamo visto|esce|ci fu)"
    r"|non (?:ci sono|c e)|nessun|nessuna|senza|niente|zero|nessuno (?:si e|e stat\w|e rimast\w|e)"
    r"|per fortuna niente|un c e|nun c e|nuddu|un ci fu|nun ci su)"
)
BETWEEN = (
    r"(?:di|del|dello|della|dei|degli|delle|il|lo|la|l|i|gli|le|un|uno|una|alcun|alcuna|nessun|nessuna|piu"
    r"|ancora|vero|grave"
    r"|gravi|proprio|stat[oaie]|pericolo|rischio|odore|puzza|segni|traccia|tracce|perdita|perdite|fuga"
    r"|fughe|o|ne|nemmeno|neanche|feriti|fiamme|fumo|crolli|danni|e|alcun|persone|visto)"
)
# Directly after it: it is over.
ENDED = (
    r"(?:(?:ormai|gia|adesso|ora|poi|per fortuna|subito|finalmente|sono|e|era|stat[oaie]|ieri|che) )*"
    r"(?:spent[oaie]|domat[oaie]|risolt[oaie]|riparat[oaie]|rientrat[oaie]|sistemat[oaie]|finit[oaie]"
    r"|chius[oaie]|non (?:c e|ci sono) piu)"
)
# Before it, not far: it is a possibility or a warning, not a fact.
POSSIBILITY = (
    r"(?:prima che|prima di|non vorrei|sfior\w+|per poco|quasi|capiti|capitasse|succedesse|rischi\w*"
    r"|potrebbe\w*|puo|possono|evita\w*|in caso di|per non|se (?:succede|scoppia|prende|capita|c e)"
    r"|finche|finche non|aspett\w+|dobbiamo|deve (?:succedere|morire|farsi)|paura|preven\w+|pericolo"
    r"|a rischio|magari"
    r"|se no|senno|senza|ci vuole|qualcuno (?:si|prima o poi)|qualche|prima o poi|succeder\w|provoc\w+"
    r"|caus\w+|un domani|facile (?:preda|esca)|rischiosa|pericoloso|pericolosa|pericolosi|antiscivolo)"
)

# Serious, not danger now (level 3) and a nuisance to many (level 2): (reason, pattern)
SERIOUS = (
    ("parla di pericolo", r"pericol\w+|rischi\w+|rischios\w|a rischio|ci scappa il morto|farsi male"
                          r"|fa male qualcuno"),
    ("la strada è bloccata", r"(?:strada|via|traffico|carreggiata|passaggio) (?:\w+ ){0,2}(?:bloccat\w"
                             r"|chius[ao]|interrott\w"
     r"|ostruit\w|impraticabil\w)|non si (?:puo (?:piu )?passare|passa|transita|riesce a passare)"
     r"|blocca (?:\w+ )?(?:strada|via|traffico|passaggio)"),
    ("manca l'acqua", r"senza acqua|senz acqua|manca (?:l )?acqua|(?:non|nun|un) (?:c e|arriva"
                      r"|esce) (?:piu )?(?:l )?acqua|acqua (?:non|un|nun) (?:c e|arriva|veni)"),
    ("parla di liquami", r"liquam\w+|fogn\w (?:\w+ ){0,2}(?:cielo aperto|strada|esce|rott\w|scoppi\w+|fuori)"
     r"|fogn\w+ (?:che )?(?:trabocc\w+|fuoriesc\w+|rigurgit\w+)"),
    ("un albero o un palo è caduto", r"(?:alber\w|ram[oi]|pal[oi]|pino|palma|lampione"
                                     r"|arulu) (?:\w+ ){0,3}(?:cadut\w|abbattut\w|divelt\w|piegat\w"
                                     r"|inclinat\w|pend\w)"
     r"|cadut\w (?:\w+ ){0,2}(?:alber\w|ram[oi]|pal[oi]|pino|palma|lampione)"),
    ("il semaforo non funziona", r"semafor\w (?:\w+ ){0,4}(?:spent\w|rott\w|guast\w|funzion\w|lampegg\w+)"),
    ("manca una protezione", r"(?:guard ?rail|ringhier\w|parapett\w|barrier\w) (?:\w+ ){0,3}(?:rott\w"
                             r"|divelt\w|mancant\w|cadut\w|arrugginit\w|staccat\w)"),
    ("animali aggressivi o in branco", r"branc[oh]\w*|aggressiv\w|rabbios\w|cinghial\w|viper[ae]"
                                       r"|ringhi(?:a|ano)|rincorr\w+"),
    ("parla di amianto", r"amianto|eternit"),
    ("la strada è scivolosa", r"(?:carburante|olio|ghiaccio|nafta) (?:\w+ ){0,3}(?:strada|carreggiata"
                              r"|asfalto|via|terra|curva)|strada (?:\w+ ){0,5}(?:ghiacciat\w|scivolos\w"
                              r"|viscid\w)|si scivola"),
    ("parla di droga o di armi", r"spacci\w*|droga|siringh\w|minacci\w+|ladr[oi]|furt[oi]"),
)  # fmt: skip
NUISANCE = (
    ("perdita d'acqua", r"tub\w+ rott\w|rott\w (?:la |una |un |il )?(?:tubatur\w|tubo|condott\w"
                        r"|conduttur\w)|perdit\w|perde acqua|acqua che (?:esce|scorre|perde)"
                        r"|tubo (?:\w+ )?rott\w|perdi acqua|spreco d acqua|sprecando"),
    ("buca grossa o profonda", r"(?:buc[ah]\w?|fosso|fossa|cratere) (?:\w+ ){0,3}(?:gross\w|grand\w"
                               r"|enorm\w|profond\w|pauros\w|gigant\w+|immens\w)"
     r"|(?:gross\w|grand\w|enorm\w|profond\w|gigantesc\w|bella) buc\w+|cratere"),
    ("molte luci spente", r"tutt\w (?:\w+ ){0,4}(?:al buio|spent\w)|senza lampioni|senza luce"
                          r"|completamente (?:al )?buio|intera via|via intera|lampioni (?:\w+ )?spent\w"
                          r"|luci spente|quartiere"),
    ("molti rifiuti", r"discaric\w+|invasion\w|cumul\w+|montagn\w di|invas\w|traboccant\w|stracolm\w"
                      r"|piena di rifiuti"),
    ("animali nocivi", r"top[oi]|ratt[oi]|surci|vespe|calabroni|serpent\w|zecche|blatte|scarafagg\w"
                       r"|randag\w+|processionari\w"),
    ("cattivo odore", r"puzz\w+|fetu|feto|fetor\w|tanfo|odore insopportabile"),
    ("dura da molto", r"da (?:mesi|settimane|anni|un mese|un anno|due mesi|tre mesi|due settimane"
                      r"|tre settimane|una settimana|\d+ (?:giorni|mesi|settimane))"),
    ("vetri o spigoli", r"vetr[io]|chiod[oi]|ferro sporgente|lamier\w"),
    ("caditoie otturate", r"(?:tombin\w|caditoi\w|scaric\w+) (?:\w+ ){0,2}(?:intasat\w|otturat\w|tappat\w"
                          r"|ostruit\w)"),
)  # fmt: skip
# Who is concerned: raises a level by one, never to danger.
VULNERABLE = (
    ("riguarda una scuola o dei bambini", r"scuol[ae]|asilo|asili|bambin[oiae]|picciriddi|scola"
                    r"|parco giochi|giochi|alunni|materna|studenti"),
    ("riguarda persone fragili", r"anzian[oiae]|disabil[ei]|carrozzin[ae]|sedia a rotelle|ospedale"
                                 r"|invalid[oaie]|malat[oaie]|passeggin[oi]"),
)  # fmt: skip

# What it is about: (weight, pattern). The thing itself weighs more than the place where it stands.
TOPICS: dict[str, tuple[tuple[int, str], ...]] = {
    "strade": (
        (5, r"buc[ah]\w?|fosso|fossi|fossa|cratere|ponte|dissest\w+|rattopp\w+|voragin\w|guard ?rail"
            r"|doss[oi]|avvallament\w|stratuzza"),
        (4, r"asfalt\w+|marciapied\w|mattonell\w|basol\w+|sampietrin\w|manto stradale|frana|frane|franat\w"
            r"|smottament\w"),
        (3, r"scalinat\w|gradin[oi]|scivolo|carreggiata|ghiaccio|cunett\w|scavo|sprofond\w+|gomma"
            r"|brecciolin\w|fango|botola"),
        (2, r"viabilita|tombin[oi]|chiusin\w|provinciale|statale|strada|strata|strade|trazzer\w|mass[oi]"
            r"|neve"),
        (1, r"curva|incrocio|traffico|macchina|auto|sp \d+|ss \d+"),
    ),
    "illuminazione": (
        (6, r"lampion\w|illuminazion\w|lampadin\w|lampad\w|quadro elettrico|palo della luce"
            r"|pali della luce|luce pubblica|punto luce|punti luce"),
        (5, r"al buio|buio|bui[ae]|faro|fari|faretti|lampiuni|illuminat\w|u scuru"),
        (4, r"luce|luci|cavi elettrici|fili elettrici|scintill\w+|alta tensione|corto ?circuito"
            r"|cavo elettrico|enel|corrente"),
        (2, r"palo|pali|scossa"),
    ),
    "rifiuti": (
        (12, r"deiezion\w|cacc[ah]\w?|escrement\w|bisogni"),
        (6, r"rifiut[oi]|spazzatur\w|munnizz\w|immondizi\w|monnezz\w|cassonett\w|discaric\w+|ingombrant\w"
            r"|differenziat\w|eternit|amianto"),
        (5, r"sacchett\w|netturbin\w|spazzin\w|spazzament\w|indifferenziat\w|mastell\w|umido|pannolin\w"
            r"|cestin\w|bidon\w|materass\w"
            r"|frigorifer\w|lavatric\w|isola ecologica|calcinacci abbandonati|inerti|vetro e"),
        (3, r"spazzat\w|sporc\w+|lurid\w|pulizi\w|pulir\w|pulit\w|svuotat\w|svuotar\w|divano|mobili"
            r"|porta a porta|siring\w+|siringh\w|bottigli\w"
            r"|copertoni|pneumatici|organico|lordia|lordu|carte|cartone|mozzicon\w"),
        (2, r"plastica|vetro|raccolta|puzza|sacchi|abbandonat\w"),
    ),
    "acqua-fognature": (
        (6, r"fogn\w+|fugnatura|liquam\w+|acquedott\w|perdita (?:d |di |dell )?acqua|perde acqua|autoclave"
            r"|condutt\w+|tubatur\w|tubazion\w|idric\w"
            r"|allag\w+|caditoi\w|acqua (?:potabile|sporca|marrone|gialla|torbida)"),
        (5, r"acqua|aqua|acq|tubo|tubi|rubinett\w|fontan\w+|scarichi|scarico|esond\w+|inond\w+|spurgo"
            r"|depurator\w|contatore dell acqua"),
        (4, r"tombin\w (?:\w+ ){0,2}(?:intasat\w|otturat\w|tappat\w|ostruit\w|pien\w|puzz\w+|trabocc\w+)"
            r"|acquaenna|pozzanghere?|serbatoi\w|grigli\w (?:\w+ ){0,2}(?:intasat\w|otturat\w)"),
        (2, r"perdita|perde|tombin\w|contatore|bolletta"),
    ),
    "verde": (
        (6, r"alber\w|ram[oi]|siep[ei]|potar\w|potatur\w|potat\w|sterpagli\w|erbacc\w|aiuol\w|cespugli\w"
            r"|arul\w|arbul\w|verde pubblico"),
        (5, r"erba|bosco|pineta|palm[ae]|pin[oi]|eucalipt\w|oleandr\w|decespugli\w|piant[ae]|radici"
            r"|rov[io]|foglie|ficodindia|cipress\w|sfalci\w|scerbatura"),
        (4, r"villa comunale|villetta|giardin\w|parco|giostr\w|altalen\w|panchin\w|fiori|irrigazione|prato"
            r"|giochi"),
        (2, r"verde|villa"),
    ),
    "animali": (
        (6, r"can[ei]|cagn\w+|randag\w+|gatt\w|top[oi]|ratt[oi]|surci|surciuna|serpent\w|viper\w|vesp[ae]"
            r"|vespaio|calabron\w|piccion\w|colomb[io]"
            r"|blatt\w|scarafagg\w|zanzar\w|zecch\w|pulci|cinghial\w|carcass\w|carogn\w|derattizzazion\w"
            r"|disinfestazion\w|cucciol\w|canuzz\w"),
        (5, r"animal\w|mucch\w|vacch\w|pecor\w|caprett\w|capr[ae]|caval\w|maial\w|api|alveare|volpe"
            r"|istric\w|processionari\w|formich\w|insett\w|cani randagi|microchip|canile"),
        (2, r"mors[oie]|morsicat\w|azzannat\w|muzzicat\w"),
    ),
    "edifici": (
        (6, r"cornicion\w|intonac\w|calcinac\w+|tegol\w|balcon\w|facciat\w|rudere|ruderi|muro|muri|muretto"
            r"|muru|barriere architettoniche"
            r"|tetto|soffitto|infiltrazion\w|termosifon\w|riscaldament\w|bagni pubblici|bagno pubblico"
            r"|casa (?:\w+ )?(?:abbandonata|pericolante)"),
        (4, r"edifici\w+|palazz\w|fabbricat\w|stabile|ascensor\w|infiss\w|caldaia|loculo|loculi|tomba"
            r"|tombe|serrand\w|portone|finestr\w|croll\w+|solaio|pensilin\w"),
        (2, r"scuol\w|palestra|cimitero|municipio|biblioteca|museo|chiesa|stadio|campo sportivo|campetto"
            r"|asilo|casa|pericolant\w|mercato coperto|rampa"),
    ),
    "segnaletica": (
        (7, r"cartell\w+|segnaletic\w|segnali|segnale|strisce|stop|semafor\w|specchio|divieto"
            r"|senso (?:unico|vietato)|zebre|specchi parabolici"
            r"|attraversament\w pedonal\w|precedenza|strisci pedonali|striscia"),
        (4, r"indicazion\w|toponomastic\w|targa della via|targhe|numero civico|numeri civici|parchegg\w"
            r"|stall[oi]|linee|freccia"),
    ),
    "sicurezza": (
        (6, r"vandal\w+|droga|spacci\w*|rissa|ladr[oi]|furt[oi]|rubat\w|rapin\w|schiamazz\w+|ubriach\w"
            r"|botti|petardi|telecamer\w|minacci\w+|investit\w"
            r"|picchia\w+|incend\w+|ncendi\w|inciendi\w|fiamme|gas|metano|gpl|esplo\w+|incident\w"
            r"|musica (?:\w+ ){0,2}(?:alta|volume)|coltell\w+|pistol\w"
            r"|sparatoria|spari|ordigno|monossido|scontro|scontrat\w|ferit[oiae]|svenut\w|ambulanza"
            r"|pompieri|vigili del fuoco"),
        (5, r"fuoco|focu|fumo|fumu|brucia|bruciano|bruciando|corrono|sfreccian\w|sfreccia|velocita|corsa"
            r"|gare|impennat\w|sorveglianz\w|sicurezza|teppist\w|bull[oi]|occupat\w"
            r"|abusiv\w|rumor\w+|chiasso|molest\w+|sospett[oaie]|malore|fatto male|incastrat\w"
            r"|intrappolat\w|ribaltat\w|dispers\w|scompars\w|soccors\w"),
        (2, r"aggred\w+|degrado|notte|ragazzini|baby gang|sangue|boato"),
    ),
}  # fmt: skip
